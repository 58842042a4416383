// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.spool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drasi.postgres.protocol.wire.ByteSlice;
import io.drasi.source.postgres.error.SourceException;
import io.drasi.source.postgres.error.SpoolException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SpoolTest {
    @TempDir
    Path parent;

    private Spool spool(String sourceId) {
        return new Spool(sourceId, parent, cause -> {});
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> all = Files.walk(parent)) {
            return all.filter(Files::isRegularFile)
                    .filter(file -> !file.endsWith("lock"))
                    .toList();
        }
    }

    private static List<ByteSlice> read(MessageLog log) {
        List<ByteSlice> all = new ArrayList<>();
        MessageLogReader reader = log.reader(MessageLogReader.Place.BEGIN);
        for (Optional<ByteSlice> next = reader.next(); next.isPresent(); next = reader.next()) {
            all.add(next.get().copy());
        }
        return all;
    }

    @Test
    void givesBackMessagesOfAnySize() {
        Random random = new Random(7);
        List<ByteSlice> messages = new ArrayList<>();
        for (int size : new int[] {0, 1, 7, 65_520, 65_528, 65_536, 65_537, 300_000}) {
            for (int i = 0; i < 3; i++) {
                byte[] bytes = new byte[size];
                random.nextBytes(bytes);
                messages.add(ByteSlice.of(bytes));
            }
        }
        for (int i = 0; i < 10_000; i++) {
            byte[] bytes = new byte[random.nextInt(200)];
            random.nextBytes(bytes);
            messages.add(ByteSlice.of(bytes));
        }
        try (Spool spool = spool("s")) {
            MessageLog log = spool.create(1);
            messages.forEach(log::append);
            log.end();
            assertThat(read(log)).isEqualTo(messages);
            assertThat(read(log)).as("once more").isEqualTo(messages);
        }
    }

    @Test
    void deletesAFileThatNobodyHoldsAnyMore() throws IOException {
        try (Spool spool = spool("s")) {
            MessageLog first = spool.create(1);
            first.append(ByteSlice.of(new byte[10]));
            first.end();
            MessageLog second = spool.create(2);
            assertThat(files()).hasSize(2);
            first.retain();
            first.release();
            assertThat(files()).hasSize(2);
            MessageLogReader reader = first.reader(MessageLogReader.Place.BEGIN);
            first.release();
            assertThat(files()).singleElement().asString().endsWith("2-1");
            assertThatThrownBy(reader::next)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("transaction 1 are not there any more");
            assertThatThrownBy(() -> first.reader(MessageLogReader.Place.BEGIN))
                    .isInstanceOf(IllegalStateException.class);
            second.release();
            assertThat(parent).isEmptyDirectory();
            spool.create(3);
            assertThat(files()).singleElement().asString().endsWith("3-2");
        }
        assertThat(parent).isEmptyDirectory();
    }

    @Test
    void deletesAllWhenItIsClosed() {
        Spool spool = spool("shop/a");
        spool.create(1).append(ByteSlice.of(new byte[10]));
        MessageLog ended = spool.create(2);
        ended.append(ByteSlice.of(new byte[10]));
        ended.end();
        assertThat(parent).isNotEmptyDirectory();
        spool.close();
        assertThat(parent).isEmptyDirectory();
        assertThat(read(ended)).as("who has it can read it").hasSize(1);
        spool.close();
        assertThatThrownBy(() -> spool.create(2)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void deletesWhatAProcessHasLeftThatIsNoMore() throws IOException {
        Path left = Files.createDirectory(parent.resolve("drasi-spool-s-1234"));
        Files.createFile(left.resolve("lock"));
        Files.write(left.resolve("77-0"), new byte[100]);
        Files.createDirectory(parent.resolve("drasi-spool-s-empty"));
        Files.createDirectory(parent.resolve("drasi-spool-other-1234"));
        try (Spool spool = spool("s");
                Spool second = spool("s")) {
            spool.begin();
            assertThat(parent.toFile().list()).containsExactly("drasi-spool-other-1234");
            spool.create(1);
            second.begin();
            assertThat(files()).as("of another one that is in use").hasSize(1);
        }
        assertThat(parent.toFile().list()).containsExactly("drasi-spool-other-1234");
    }

    /** The directory may be one in which anybody may make something. */
    @Test
    void followsNoLinks() throws IOException {
        Path precious = Files.createDirectory(parent.resolve("precious"));
        Files.write(precious.resolve("file"), new byte[1]);
        Files.createSymbolicLink(parent.resolve("drasi-spool-s-link"), precious);
        Path made = Files.createDirectory(parent.resolve("drasi-spool-s-made"));
        Files.createSymbolicLink(made.resolve("lock"), parent.resolve("elsewhere"));
        try (Spool spool = spool("s")) {
            spool.begin();
            spool.create(1);
        }
        assertThat(precious.resolve("file")).exists();
        assertThat(parent.resolve("elsewhere")).doesNotExist();
        assertThat(made).exists();
    }

    @Test
    void saysWhereAFileIsDamaged() throws IOException {
        try (Spool spool = spool("s")) {
            MessageLog log = spool.create(9);
            for (int i = 0; i < 3; i++) {
                log.append(ByteSlice.of(new byte[20]));
            }
            log.end();
            Path file = files().get(0);
            byte[] whole = Files.readAllBytes(file);
            for (int at = 0; at < whole.length; at++) {
                byte[] damaged = whole.clone();
                damaged[at] ^= 0x10;
                Files.write(file, damaged);
                int frame = at / 28 * 28;
                assertThatThrownBy(() -> read(log))
                        .as("byte %d", at)
                        .isInstanceOf(SpoolException.class)
                        .hasMessageContaining(file.toString())
                        .hasMessageContaining("of transaction 9, 84 bytes, is damaged at byte " + frame);
            }
            Files.write(file, whole);
            try (RandomAccessFile cut = new RandomAccessFile(file.toFile(), "rw")) {
                cut.setLength(60);
            }
            assertThatThrownBy(() -> read(log)).hasMessageContaining("it ends in the midst of a message");
        }
    }

    @Test
    void saysWhichDirectoryItCanNotWriteTo() {
        Spool spool = new Spool("s", parent.resolve("nowhere"), cause -> {});
        assertThatThrownBy(spool::begin)
                .isInstanceOf(SpoolException.class)
                .hasMessageContaining("there is no directory " + parent.resolve("nowhere"))
                .hasMessageContaining("temp_dir");
        assertThatThrownBy(() -> spool.create(1))
                .isInstanceOf(SpoolException.class)
                .hasMessageContaining("nowhere")
                .hasMessageContaining("temp_dir");
    }

    @Test
    void keepsTheFirstFailure() {
        List<SourceException> told = new ArrayList<>();
        Spool spool = new Spool("s", parent, told::add);
        spool.throwIfFailed();
        spool.failed(new SpoolException("first", null, null));
        spool.failed(new SpoolException("second", null, null));
        assertThat(told).hasSize(2);
        assertThatThrownBy(spool::throwIfFailed).hasMessage("first");
    }
}
