// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import io.drasi.model.ChangeCursor;
import io.drasi.model.Position;
import io.drasi.model.SourceEvent;
import io.drasi.model.Subscription;
import io.drasi.model.SubscriptionSettings;
import io.drasi.source.postgres.config.RowFormat;
import io.drasi.source.postgres.error.SourceException;
import io.drasi.testkit.Proc;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * A source in a process of its own that takes the changes of one transaction and confirms them now and then. Prints the
 * positions that it has confirmed, with how many changes that were; at the end {@code end}, how many there are, and what memory
 * it took. Stands still after so many positions if it is told to.
 */
final class LargeTransactionChild {
    static final String ID = "child";
    /** Exit code when the source has failed; then the last line says why. */
    static final int FAILED = 3;

    private static final int CHUNK = 1000;

    private LargeTransactionChild() {}

    /**
     * @param from where it goes on
     * @param stallAfter so many positions; 0: never
     */
    static Proc.Builder program(
            SourceFixture fixture,
            List<String> jvmOptions,
            Path tempDir,
            long maxMemory,
            RowFormat format,
            Optional<Position> from,
            int stallAfter) {
        return Proc.java(
                jvmOptions,
                LargeTransactionChild.class.getName(),
                Integer.toString(fixture.server().port()),
                fixture.server().superuser(),
                fixture.database().name(),
                fixture.slotName(),
                tempDir.toString(),
                Long.toString(maxMemory),
                format.name(),
                from.map(Position::toString).orElse(""),
                Integer.toString(stallAfter));
    }

    public static void main(String[] args) throws IOException {
        PostgresReplicationSource source = PostgresReplicationSource.builder(ID)
                .withHost("127.0.0.1")
                .withPort(Integer.parseInt(args[0]))
                .withUser(args[1])
                .withDatabase(args[2])
                .withSlotName(args[3])
                .withPublicationName(SourceFixture.PUBLICATION)
                .withTempDir(Path.of(args[4]))
                .withMaxTransactionMemory(Long.parseLong(args[5]))
                .withRowFormat(RowFormat.valueOf(args[6]))
                .build();
        SubscriptionSettings settings = SubscriptionSettings.forQuery("query");
        int stallAfter = Integer.parseInt(args[8]);
        try (source;
                Subscription subscription = source.subscribe(
                        args[7].isEmpty() ? settings : settings.withResumeFrom(Position.parse(args[7])))) {
            source.start();
            for (SourceEvent event : subscription) {
                if (event instanceof SourceEvent.Transaction transaction) {
                    take(subscription, transaction, stallAfter);
                    break;
                }
            }
        } catch (SourceException e) {
            print("failed: " + e.getMessage());
            System.exit(FAILED);
        }
    }

    private static void take(Subscription subscription, SourceEvent.Transaction transaction, int stallAfter)
            throws IOException {
        int taken = 0;
        int chunks = 0;
        for (ChangeCursor cursor = transaction.cursor(); cursor.next(); ) {
            taken++;
            if (taken == CHUNK || cursor.last()) {
                print("at " + cursor.position() + " " + taken);
                subscription.confirm(cursor.position());
                taken = 0;
                if (++chunks == stallAfter) {
                    print("stalled");
                    System.in.read();
                }
            }
        }
        subscription.confirm(transaction);
        print("end " + transaction.size());
        print("memory: heap at most " + peakHeap() / 1024 + " kB, resident at most " + peakResident());
    }

    /** The sum of what each part had at its own worst moment. */
    private static long peakHeap() {
        return ManagementFactory.getMemoryPoolMXBeans().stream()
                .filter(pool -> pool.getType() == MemoryType.HEAP)
                .map(MemoryPoolMXBean::getPeakUsage)
                .mapToLong(usage -> usage.getUsed())
                .sum();
    }

    private static String peakResident() throws IOException {
        return Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(line -> line.startsWith("VmHWM:"))
                .map(line -> line.replaceAll("VmHWM:\\s*", ""))
                .findFirst()
                .orElseThrow();
    }

    private static void print(String line) {
        System.out.println(line);
        System.out.flush();
    }
}
