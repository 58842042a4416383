// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import io.drasi.model.ChangeCursor;
import io.drasi.model.Position;
import io.drasi.model.SourceEvent;
import io.drasi.model.StoredPosition;
import io.drasi.model.Subscription;
import io.drasi.model.SubscriptionSettings;
import io.drasi.source.postgres.store.FilePositionStore;
import io.drasi.testkit.Proc;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Random;

/**
 * A consumer in a process of its own, to be killed at any moment and started again. It keeps what it is given, as the lines
 * that a {@link DeliveryCheck} takes, and its position, in one of three {@link Way}s.
 */
final class KeepingChild {
    /** Said when the first event is kept: from then on the process is at work. */
    static final String AT_WORK = "at work";
    /** A line before all others of a process, with the position from which it goes on. */
    static final String RESUMED = "resumed ";

    private static final String NOWHERE = "nowhere";
    private static final String PREFIX = "event ";

    enum Way {
        /** Both in one journal, change by change, also in the middle of a transaction. */
        TOGETHER,
        /** The position in a {@link FilePositionStore}, the rest in a journal. */
        APART,
        /** The position in a {@link FilePositionStore}, the rest on standard output. */
        PRINTED
    }

    private KeepingChild() {}

    static Proc start(SourceFixture fixture, String slotName, Way way, Path directory, long seed) {
        return Proc.java(
                        List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto", "-Xmx128m"),
                        KeepingChild.class.getName(),
                        Integer.toString(fixture.server().port()),
                        fixture.server().superuser(),
                        fixture.database().name(),
                        slotName,
                        way.name(),
                        directory.toString(),
                        Long.toString(seed))
                .start();
    }

    static Path journal(Path directory, Way way) {
        return directory.resolve(way.name().toLowerCase(Locale.ROOT) + ".journal");
    }

    /** What it has printed so far, but for a line that is not whole. */
    static List<String> printed(Proc child) {
        String output = child.stdout();
        return output.substring(0, output.lastIndexOf('\n') + 1)
                .lines()
                .filter(line -> line.startsWith(PREFIX))
                .map(line -> line.substring(PREFIX.length()))
                .toList();
    }

    public static void main(String[] args) throws IOException, InterruptedException {
        Way way = Way.valueOf(args[4]);
        Path directory = Path.of(args[5]);
        PostgresReplicationSource.Builder builder = PostgresReplicationSource.builder("child")
                .withHost("127.0.0.1")
                .withPort(Integer.parseInt(args[0]))
                .withUser(args[1])
                .withDatabase(args[2])
                .withSlotName(args[3])
                .withPublicationName(SourceFixture.PUBLICATION)
                .withBootstrapBatchSize(10)
                .withDispatchBufferCapacity(20);
        Random random = new Random(Long.parseLong(args[6]));
        if (way == Way.TOGETHER) {
            keepTogether(builder, journal(directory, way), random);
        } else {
            try (FilePositionStore store = FilePositionStore.open(directory, "child-" + way)) {
                builder.withPositionStore(store);
                keepApart(builder, store, way, journal(directory, way));
            }
        }
    }

    private static void keepTogether(PostgresReplicationSource.Builder builder, Path file, Random random)
            throws IOException, InterruptedException {
        SubscriptionSettings settings = SubscriptionSettings.forQuery("child");
        Optional<Position> position = lastPosition(Journal.read(file));
        try (Journal journal = Journal.append(file);
                PostgresReplicationSource source = builder.build();
                Subscription subscription =
                        source.subscribe(position.map(settings::withResumeFrom).orElseGet(settings::withBootstrap))) {
            source.start();
            boolean atWork = false;
            while (!subscription.ended()) {
                Optional<SourceEvent> event = subscription.poll(Duration.ofMillis(50));
                if (event.isPresent() && event.get() instanceof SourceEvent.Transaction transaction) {
                    keep(transaction, subscription, journal, random);
                } else {
                    event.ifPresent(it -> DeliveryCheck.print(it, journal::add));
                    journal.flush();
                    event.ifPresent(subscription::confirm);
                }
                atWork = atWork || (event.isPresent() && sayAtWork());
            }
        }
    }

    /** What is flushed ends where it happens to end, and so does what is confirmed. */
    private static void keep(
            SourceEvent.Transaction transaction, Subscription subscription, Journal journal, Random random)
            throws IOException {
        for (ChangeCursor cursor = transaction.cursor(); cursor.next(); ) {
            journal.add(DeliveryCheck.line(cursor));
            if (random.nextInt(3) == 0) {
                journal.flush();
                subscription.confirm(cursor.position());
            }
        }
    }

    /** Of the last change, or of the bootstrap if that is complete. */
    private static Optional<Position> lastPosition(List<String> lines) {
        if (lines.isEmpty()) {
            return Optional.empty();
        }
        String[] words = lines.get(lines.size() - 1).split(" ", -1);
        return switch (words[0]) {
            case "started", "row" -> Optional.empty();
            case "completed" -> Optional.of(Position.parse(words[1]));
            default -> Optional.of(Position.parse(words[4]));
        };
    }

    private static void keepApart(
            PostgresReplicationSource.Builder builder, FilePositionStore store, Way way, Path file) throws IOException {
        String position = store.load("child")
                .map(StoredPosition::position)
                .map(Position::toString)
                .orElse(NOWHERE);
        try (Journal journal = Journal.append(file);
                PostgresReplicationSource source = builder.build();
                Subscription subscription =
                        source.subscribe(SubscriptionSettings.forQuery("child").withBootstrap())) {
            keep(way, journal, RESUMED + position);
            flush(way, journal);
            source.start();
            boolean atWork = false;
            for (SourceEvent event : subscription) {
                DeliveryCheck.print(event, line -> keep(way, journal, line));
                flush(way, journal);
                subscription.confirm(event);
                atWork = atWork || sayAtWork();
            }
        }
    }

    private static void keep(Way way, Journal journal, String line) {
        if (way == Way.PRINTED) {
            System.out.println(PREFIX + line);
        } else {
            journal.add(line);
        }
    }

    private static void flush(Way way, Journal journal) throws IOException {
        if (way == Way.PRINTED) {
            System.out.flush();
        } else {
            journal.flush();
        }
    }

    private static boolean sayAtWork() {
        System.out.println(AT_WORK);
        System.out.flush();
        return true;
    }

    /** Whether the process that said so had no position. */
    static boolean beganAnew(String resumed) {
        return resumed.equals(RESUMED + NOWHERE);
    }
}
