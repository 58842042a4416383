// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import io.drasi.model.SourceEvent;
import io.drasi.model.Subscription;
import io.drasi.model.SubscriptionSettings;
import io.drasi.testkit.Proc;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * A source in a process of its own, to be killed. Prints a line for each fact that a {@link DeliveryCheck} takes, and
 * confirms an event when its lines are out.
 */
final class StreamingChild {
    private static final String PREFIX = "event ";

    private StreamingChild() {}

    /**
     * @param batches after which it waits to be killed; negative: never
     */
    static Proc start(SourceFixture fixture, boolean bootstrap, int batches) {
        return Proc.java(
                        List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto"),
                        StreamingChild.class.getName(),
                        Integer.toString(fixture.server().port()),
                        fixture.server().superuser(),
                        fixture.database().name(),
                        fixture.slotName(),
                        Boolean.toString(bootstrap),
                        Integer.toString(batches))
                .start();
    }

    /** What it has printed so far, as {@link DeliveryCheck#accept(String)} takes it; without a transaction that was cut off. */
    static List<String> lines(Proc child) {
        String output = child.stdout();
        List<String> lines = new ArrayList<>(output.substring(0, output.lastIndexOf('\n') + 1)
                .lines()
                .filter(line -> line.startsWith(PREFIX))
                .map(line -> line.substring(PREFIX.length()))
                .toList());
        while (!lines.isEmpty() && lines.get(lines.size() - 1).endsWith(" false")) {
            lines.remove(lines.size() - 1);
        }
        return lines;
    }

    public static void main(String[] args) throws IOException {
        PostgresReplicationSource source = PostgresReplicationSource.builder("child")
                .withHost("127.0.0.1")
                .withPort(Integer.parseInt(args[0]))
                .withUser(args[1])
                .withDatabase(args[2])
                .withSlotName(args[3])
                .withPublicationName(SourceFixture.PUBLICATION)
                .withBootstrapBatchSize(10)
                .withDispatchBufferCapacity(2)
                .build();
        SubscriptionSettings settings = SubscriptionSettings.forQuery("child");
        int batchesLeft = Integer.parseInt(args[5]);
        try (source;
                Subscription subscription =
                        source.subscribe(Boolean.parseBoolean(args[4]) ? settings.withBootstrap() : settings)) {
            source.start();
            for (SourceEvent event : subscription) {
                DeliveryCheck.print(event, line -> System.out.println(PREFIX + line));
                System.out.flush();
                Follower.confirm(subscription, event);
                if (event instanceof SourceEvent.BootstrapBatch && --batchesLeft == 0) {
                    System.out.println("stalled");
                    System.out.flush();
                    System.in.read();
                }
            }
        }
    }
}
