// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.source.postgres.subscription.SourceSubscription;
import io.drasi.testkit.Await;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;

/** What a running source leaves visible in this process and on the server: threads and connections. */
final class SourceTraces {
    private static final Duration PROMPT = Duration.ofSeconds(4);
    /** The thread that reads the stream. */
    private static final String STREAM = "drasi-source";
    /** Not visible here. */
    private static final String QUEUE = SourceSubscription.class.getPackageName() + ".EventQueue";

    private SourceTraces() {}

    /** Stops the source, which has to be quick, and leaves neither thread nor connection. */
    static void stopPromptly(PostgresReplicationSource source) {
        long start = System.nanoTime();
        source.stop();
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(PROMPT);
        assertThat(threads()).isEmpty();
    }

    /** The names of the sources' threads. */
    static List<String> threads() {
        return Thread.getAllStackTraces().keySet().stream()
                .map(Thread::getName)
                .filter(name -> name.startsWith("drasi-"))
                .sorted()
                .toList();
    }

    /** Waits until a source's thread waits in a method of that class. */
    static void awaitThreadIn(Class<?> waitingIn) {
        awaitThreadIn(STREAM, waitingIn.getName());
    }

    /** Waits until a source's thread waits for room in a subscription's queue. */
    static void awaitThreadAtFullQueue() {
        awaitThreadAtFullQueue(STREAM);
    }

    /** Waits until the thread of that name waits for room in a subscription's queue. */
    static void awaitThreadAtFullQueue(String name) {
        awaitThreadIn(name, QUEUE);
    }

    private static void awaitThreadIn(String name, String waitingIn) {
        Await.until(
                name + " waits in " + waitingIn,
                () -> Thread.getAllStackTraces().entrySet().stream()
                        .anyMatch(entry -> entry.getKey().getName().equals(name)
                                && waits(entry.getKey(), entry.getValue())
                                && Arrays.stream(entry.getValue())
                                        .anyMatch(frame -> frame.getClassName().equals(waitingIn))));
    }

    /** For Java a thread that waits for a socket is runnable, inside a native method. */
    private static boolean waits(Thread thread, StackTraceElement[] frames) {
        return thread.getState() != Thread.State.RUNNABLE || (frames.length > 0 && frames[0].isNativeMethod());
    }

    /** The sources' sessions in the fixture's database. */
    static int connections(SourceFixture fixture) {
        return Integer.parseInt(fixture.database()
                .queryOne("SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'drasi %'"
                        + " AND datname = current_database()"));
    }

    /**
     * Waits until one source has no more threads and connections than it has for its stream: for that, beside that, and, once it
     * has looked, for the watch. The second is missing if the server has ended it, until it is needed.
     */
    static void awaitOnlyStream(SourceFixture fixture) {
        Await.until("no more connections are left", () -> connections(fixture) <= 3);
        Await.untilAsserted(
                "no more threads are left",
                () -> assertThat(threads())
                        .containsExactly("drasi-source", "drasi-source-feedback", "drasi-source-watch"));
    }

    static void awaitConnections(SourceFixture fixture, int count) {
        Await.until("there are " + count + " connections", () -> connections(fixture) == count);
    }

    /** The permanent and temporary slots of the fixture, the one that all share first. */
    static List<String> slots(SourceFixture fixture) {
        return fixture
                .server()
                .query("SELECT slot_name FROM pg_replication_slots WHERE slot_name LIKE '" + fixture.slotName()
                        + "%' ORDER BY length(slot_name)")
                .stream()
                .map(row -> row.get(0))
                .toList();
    }

    static void awaitSlots(SourceFixture fixture, String... names) {
        Await.untilAsserted(
                "only these slots are left", () -> assertThat(slots(fixture)).containsExactly(names));
    }

    /** The process id of the walsender that reads from the fixture's slot. */
    static String awaitWalsender(SourceFixture fixture) {
        return Await.untilPresent(
                "the slot is active",
                () -> fixture
                        .server()
                        .query("SELECT active_pid FROM pg_replication_slots WHERE active AND slot_name = '"
                                + fixture.slotName() + "'")
                        .stream()
                        .findFirst()
                        .map(row -> row.get(0)));
    }

    static void awaitNoWalsender(SourceFixture fixture) {
        Await.until(
                "the slot is not active",
                () -> fixture.server()
                        .queryOne("SELECT active FROM pg_replication_slots WHERE slot_name = '" + fixture.slotName()
                                + "'")
                        .equals("f"));
    }
}
