// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.model.Position;
import io.drasi.source.postgres.KeepingChild.Way;
import io.drasi.testkit.Await;
import io.drasi.testkit.Proc;
import io.drasi.testkit.Property;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Consumers that are killed at random moments while others write, and started again: one that keeps state and position
 * together gets every change once, by its position; one that keeps them apart, or prints what it gets, gets none too few, and
 * again only what comes after the position that was saved. Kills each of the three five times, or does so again and again for as many minutes
 * as the system property {@value RandomRuns#MINUTES_PROPERTY} says.
 */
class KilledConsumersIT {
    private static final int KILLS = 5;
    private static final int ROWS = 300;
    private static final int WRITERS = 2;
    private static final int LONGEST_LIFE_MILLIS = 500;
    private static final Duration TIMEOUT = Duration.ofSeconds(60);

    @TempDir
    Path directory;

    private int kills;
    private long repeated;
    private long insideTransaction;

    @Test
    void losesNothingAndRepeatsNoMoreThanItMust() {
        int rounds = Property.forAllWithin(
                RandomRuns.minutes().orElse(Duration.ofMillis(1)), RandomRuns.seeds(), this::killAndCompare);
        System.out.println(rounds + " rounds, " + kills + " kills: " + insideTransaction
                + " inside a transaction that was kept in part; " + repeated + " transactions came again");
    }

    private void killAndCompare(Random random) {
        try (SourceFixture fixture = SourceFixture.on(18)) {
            Writers.createTables(fixture.database(), ROWS);
            fixture.publishAllTables();
            Path own = Files.createTempDirectory(directory, "round");
            Round round = new Round(fixture, own, random);
            round.run();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private final class Round {
        private final SourceFixture fixture;
        private final Path own;
        private final Random random;
        private final Map<Way, Proc> children = new EnumMap<>(Way.class);
        /** What the processes have printed, in order. */
        private final List<String> printed = new ArrayList<>();

        Round(SourceFixture fixture, Path own, Random random) {
            this.fixture = fixture;
            this.own = own;
            this.random = random;
        }

        void run() throws IOException {
            try (Writers writers = Writers.start(fixture.database(), WRITERS, random.nextLong())) {
                for (int kill = 0; kill < KILLS; kill++) {
                    startAll();
                    awaitMoment();
                    killAll();
                    kills += children.size();
                    if (endsInsideATransaction(Journal.read(KeepingChild.journal(own, Way.TOGETHER)))) {
                        insideTransaction++;
                    }
                }
                writers.stop();
                startAll();
                awaitMark(Follower.mark(fixture.database()));
                killAll();
                assertDelivered();
            } finally {
                children.values().forEach(Proc::close);
            }
        }

        private void startAll() {
            for (Way way : Way.values()) {
                String slot = fixture.slotName() + "_" + way.name().toLowerCase(java.util.Locale.ROOT);
                children.put(way, KeepingChild.start(fixture, slot, way, own, random.nextLong()));
            }
        }

        /** Mostly while they are at work, now and then while they start. */
        private void awaitMoment() {
            if (random.nextInt(5) > 0) {
                children.values().forEach(Round::awaitWork);
            }
            long end = System.nanoTime()
                    + Duration.ofMillis(random.nextInt(LONGEST_LIFE_MILLIS)).toNanos();
            Await.until("the moment has come", () -> System.nanoTime() - end >= 0);
        }

        private static void awaitWork(Proc child) {
            child.awaitLine("first event", TIMEOUT, KeepingChild.AT_WORK::equals);
        }

        private void killAll() {
            for (Map.Entry<Way, Proc> entry : children.entrySet()) {
                Proc child = entry.getValue();
                assertThat(child.running()).as(child.stderr()).isTrue();
                child.kill();
                child.await(TIMEOUT);
                if (entry.getKey() == Way.PRINTED) {
                    printed.addAll(KeepingChild.printed(child));
                }
            }
        }

        private void awaitMark(long mark) throws IOException {
            for (Way way : List.of(Way.TOGETHER, Way.APART)) {
                Path journal = KeepingChild.journal(own, way);
                Await.until("the journal has the mark", TIMEOUT, () -> {
                    Proc child = children.get(way);
                    assertThat(child.running()).as(child.stderr()).isTrue();
                    return endsWith(mark, Journal.read(journal));
                });
            }
            Proc printing = children.get(Way.PRINTED);
            Await.until("the mark was printed", TIMEOUT, () -> {
                assertThat(printing.running()).as(printing.stderr()).isTrue();
                return endsWith(mark, KeepingChild.printed(printing));
            });
        }

        /** One that was killed in each of its bootstraps has the mark as a row of the last one, which is to end then. */
        private boolean endsWith(long mark, List<String> lines) {
            boolean asRow = false;
            for (String line : lines) {
                if (line.startsWith("insert marks " + mark + " ") || (asRow && line.startsWith("completed "))) {
                    return true;
                }
                asRow |= line.startsWith("row marks " + mark + " ");
            }
            return false;
        }

        private void assertDelivered() throws IOException {
            DeliveryCheck together = new DeliveryCheck();
            Journal.read(KeepingChild.journal(own, Way.TOGETHER)).forEach(together::accept);
            together.assertEqualsTables(fixture.database());
            assertThat(together.repeated()).isZero();
            assertThat(together.bootstraps()).isEqualTo(1);
            assertNoGap(Journal.read(KeepingChild.journal(own, Way.APART)));
            assertNoGap(printed);
        }

        private void assertNoGap(List<String> lines) {
            DeliveryCheck check = new DeliveryCheck();
            for (List<String> life : lives(lines)) {
                check.mayRepeat();
                String resumed = life.get(0);
                List<String> kept = withoutBrokenTransaction(life.subList(1, life.size()));
                if (KeepingChild.beganAnew(resumed)) {
                    assertThat(kept.subList(0, Math.min(1, kept.size()))).allMatch(line -> line.startsWith("started "));
                } else {
                    Position from = Position.parse(resumed.substring(KeepingChild.RESUMED.length()));
                    assertThat(kept)
                            .allSatisfy(line -> assertThat(Position.parse(line.split(" ", -1)[4]))
                                    .usingComparator(Position::compareTo)
                                    .isGreaterThan(from));
                }
                kept.forEach(check::accept);
            }
            check.assertEqualsTables(fixture.database());
            repeated += check.repeated();
        }
    }

    private static boolean endsInsideATransaction(List<String> lines) {
        return !lines.isEmpty() && lines.get(lines.size() - 1).endsWith(" false");
    }

    /** What each process has kept. */
    private static List<List<String>> lives(List<String> lines) {
        List<List<String>> lives = new ArrayList<>();
        for (String line : lines) {
            if (line.startsWith(KeepingChild.RESUMED)) {
                lives.add(new ArrayList<>());
            }
            lives.get(lives.size() - 1).add(line);
        }
        return lives;
    }

    private static List<String> withoutBrokenTransaction(List<String> lines) {
        int end = lines.size();
        while (end > 0 && lines.get(end - 1).endsWith(" false")) {
            end--;
        }
        return lines.subList(0, end);
    }
}
