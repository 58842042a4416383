// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.drasi.model.Position;
import io.drasi.model.PositionStoreException;
import io.drasi.model.StoredPosition;
import io.drasi.testkit.Proc;
import io.drasi.testkit.Property;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FilePositionStoreTest {
    private static final String ORIGIN = "PostgreSQL system 7301, slot drasi_slot";
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    @TempDir
    Path directory;

    private FilePositionStore open() {
        return FilePositionStore.open(directory, "shop");
    }

    private static StoredPosition at(String position) {
        return new StoredPosition(Position.parse(position), ORIGIN);
    }

    private Path file() {
        return directory.resolve("shop.positions");
    }

    @Test
    void keepsWhatWasSavedOverItsEnd() {
        try (FilePositionStore store = open()) {
            assertThat(store.load("a")).isEmpty();
            store.save(Map.of("a", at("0/10:-1"), "b", at("FFFFFFFF/FFFFFFFF:9223372036854775807")));
            store.save(Map.of("a", at("0/20:3")));
            store.save(Map.of("c", at("0/1:0")));
            store.remove("c");
            store.remove("never there");
        }
        try (FilePositionStore store = open()) {
            assertThat(store.load("a")).contains(at("0/20:3"));
            assertThat(store.load("b")).contains(at("FFFFFFFF/FFFFFFFF:9223372036854775807"));
            assertThat(store.load("c")).isEmpty();
        }
    }

    @Test
    void keepsAnyQueryIdSourceIdAndOrigin() {
        List<String> texts = List.of(
                "open-orders",
                "two words",
                "a\nb",
                "%41",
                "+",
                ".",
                "..",
                "../x",
                "Söhne & Töchter",
                "\uD83D\uDC18",
                "\0",
                "end 0",
                "x".repeat(200),
                "ß".repeat(200));
        for (String text : texts) {
            try (FilePositionStore store = FilePositionStore.open(directory.resolve("all"), text)) {
                store.save(Map.of(text, new StoredPosition(Position.before(1), text + " origin")));
            }
        }
        for (String text : texts) {
            try (FilePositionStore store = FilePositionStore.open(directory.resolve("all"), text)) {
                assertThat(store.load(text)).contains(new StoredPosition(Position.before(1), text + " origin"));
            }
        }
        assertThat(directory.toFile().list()).containsExactly("all");
    }

    @Test
    void refusesAnIdThatIsNoUnicode() {
        try (FilePositionStore store = open()) {
            assertThatThrownBy(() -> store.save(Map.of("\uD83D", at("0/1:0"))))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("half of a surrogate pair");
            store.save(Map.of("a", at("0/1:0")));
        }
    }

    @Test
    void isTheSameAsAMapWhateverIsDoneWithIt() {
        Property.forAll(5, random -> {
            Path own = directory.resolve(Long.toHexString(random.nextLong()));
            Map<String, StoredPosition> expected = new HashMap<>();
            for (int i = 0; i < 20; i++) {
                try (FilePositionStore store = FilePositionStore.open(own, "shop")) {
                    change(store, expected, random);
                    for (int query = 0; query < 5; query++) {
                        String queryId = "query " + query;
                        assertThat(store.load(queryId)).isEqualTo(Optional.ofNullable(expected.get(queryId)));
                    }
                }
            }
        });
    }

    private static void change(FilePositionStore store, Map<String, StoredPosition> expected, Random random) {
        for (int i = 0; i < 3; i++) {
            String queryId = "query " + random.nextInt(5);
            if (random.nextInt(4) == 0) {
                store.remove(queryId);
                expected.remove(queryId);
            } else {
                StoredPosition position = new StoredPosition(
                        new Position(random.nextLong(), random.nextInt(100) - 1L), "origin " + random.nextInt());
                store.save(Map.of(queryId, position));
                expected.put(queryId, position);
            }
        }
    }

    @Test
    void namesTheFileAndThePlaceOfAnyDamage() throws IOException {
        try (FilePositionStore store = open()) {
            store.save(Map.of("a", at("0/10:-1"), "b", at("0/20:4")));
        }
        byte[] whole = Files.readAllBytes(file());
        for (int i = 0; i < whole.length; i++) {
            byte[] damaged = whole.clone();
            damaged[i] ^= (byte) (1 << (i % 8));
            int place = assertRefused(damaged);
            assertThat(place).as("where byte %d is damaged", i).isLessThanOrEqualTo(i + 1);
        }
        for (int length = 0; length < whole.length; length++) {
            assertRefused(java.util.Arrays.copyOf(whole, length));
        }
        assertThat(assertRefused(java.util.Arrays.copyOf(whole, whole.length + 1)))
                .isEqualTo(whole.length);
        Files.write(file(), whole);
        try (FilePositionStore store = open()) {
            assertThat(store.load("b")).contains(at("0/20:4"));
        }
    }

    /** Returns the place that the message names. The file stays as it is: somebody may want to look at it. */
    private int assertRefused(byte[] content) throws IOException {
        Files.write(file(), content);
        Throwable refused = catchThrowable(this::open);
        assertThat(refused)
                .isInstanceOf(PositionStoreException.class)
                .hasMessageContaining("the file of positions " + file().toRealPath() + " is damaged at byte ");
        assertThat(Files.readAllBytes(file())).isEqualTo(content);
        String message = String.valueOf(refused.getMessage());
        return Integer.parseInt(message.replaceAll("(?s).* at byte (\\d+):.*", "$1"));
    }

    @Test
    void refusesWhatAnotherSourceOrALaterVersionWrote() throws IOException {
        FilePositionStore.open(directory, "other").close();
        Files.move(directory.resolve("other.positions"), file());
        assertThatThrownBy(this::open)
                .isInstanceOf(PositionStoreException.class)
                .hasMessageContaining("are those of source 'other', not of 'shop'");
        // CRC-32C of the line, from an independent implementation.
        Files.writeString(file(), "1165ef74 drasi-positions 2\n");
        assertThatThrownBy(this::open)
                .isInstanceOf(PositionStoreException.class)
                .hasMessageContaining("written by a later version");
    }

    @Test
    void refusesASecondUseInThisProcess() {
        try (FilePositionStore store = open()) {
            assertThatThrownBy(this::open)
                    .isInstanceOf(PositionStoreException.class)
                    .hasMessageContaining("the positions of source 'shop' in " + directory)
                    .hasMessageContaining("in use by this process already");
            FilePositionStore.open(directory, "another").close();
            // The lock is still there for other processes.
            assertThat(openInAnotherProcess())
                    .contains("in use by another process: process "
                            + ProcessHandle.current().pid() + " since ");
            store.save(Map.of("a", at("0/1:0")));
        }
        open().close();
        assertThat(openInAnotherProcess()).isEqualTo("opened");
    }

    private String openInAnotherProcess() {
        return Proc.java(Opening.class.getName(), directory.toString())
                .run(PATIENCE)
                .requireSuccess()
                .stdout()
                .strip();
    }

    /** Opens the store and says how that went. */
    static final class Opening {
        private Opening() {}

        public static void main(String[] args) {
            try (FilePositionStore store = FilePositionStore.open(Path.of(args[0]), "shop")) {
                System.out.println("opened");
            } catch (PositionStoreException e) {
                System.out.println(e.getMessage());
            }
        }
    }

    @Test
    void refusesADirectoryThatIsNone() throws IOException {
        Path inTheWay = Files.writeString(directory.resolve("file"), "");
        assertThatThrownBy(() -> FilePositionStore.open(inTheWay, "shop"))
                .isInstanceOf(PositionStoreException.class)
                .hasMessageContaining("can't keep positions of source 'shop' in " + inTheWay)
                .hasMessageContaining("there is a file of that name");
        assertThatThrownBy(() -> FilePositionStore.open(Path.of("/proc/positions"), "shop"))
                .isInstanceOf(PositionStoreException.class)
                .hasMessageContaining("can't keep positions of source 'shop' in /proc/positions: ")
                .hasMessageContaining("Give a directory that this process may write to");
    }

    @Test
    void saysThatTheDiskIsFullAndGoesOnOnceItIsNot() throws IOException {
        try (FilePositionStore store = open()) {
            store.save(Map.of("a", at("0/10:-1")));
            // Whatever is written to it does not fit.
            Path next = directory.resolve("shop.positions.new");
            Files.createSymbolicLink(next, Path.of("/dev/full"));
            assertThatThrownBy(() -> store.save(Map.of("a", at("0/20:-1"))))
                    .isInstanceOf(PositionStoreException.class)
                    .hasMessageContaining("can't save positions in " + file().toRealPath())
                    .hasMessageContaining("No space left on device");
            assertThat(store.load("a")).contains(at("0/10:-1"));
            assertThat(next).as("what takes space in vain").doesNotExist();
            store.save(Map.of("b", at("0/20:-1")));
        }
        try (FilePositionStore store = open()) {
            assertThat(store.load("a")).contains(at("0/10:-1"));
            assertThat(store.load("b")).contains(at("0/20:-1"));
        }
    }

    @Test
    void boundsTheNumberOfQueries() {
        Map<String, StoredPosition> many = new HashMap<>();
        for (int i = 0; i < FilePositionStore.MOST_QUERIES; i++) {
            many.put("query " + i, at("0/1:0"));
        }
        try (FilePositionStore store = open()) {
            store.save(many);
            assertThatThrownBy(() -> store.save(Map.of("one more", at("0/1:0"))))
                    .isInstanceOf(PositionStoreException.class)
                    .hasMessageContaining("more than 100000 queries");
            store.remove("query 5");
            store.save(Map.of("one more", at("0/1:0")));
        }
        try (FilePositionStore store = open()) {
            assertThat(store.load("one more")).isPresent();
        }
    }

    @Test
    void isNotUsedOnceItIsClosed() {
        FilePositionStore store = open();
        store.close();
        assertThatThrownBy(() -> store.save(Map.of())).hasMessageContaining("is closed");
        assertThatThrownBy(() -> store.load("a")).hasMessageContaining("is closed");
        assertThatThrownBy(() -> store.remove("a")).hasMessageContaining("is closed");
        assertThatCode(store::close).doesNotThrowAnyException();
    }

    @Test
    void savesThoughItsThreadIsInterrupted() {
        try (FilePositionStore store = open()) {
            Thread.currentThread().interrupt();
            store.save(Map.of("a", at("0/10:-1")));
            assertThat(Thread.interrupted()).isTrue();
        }
    }
}
