// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.testkit.Await;
import io.drasi.testkit.Property;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Money is transferred without pause while subscribers come with a bootstrap, leave and come again: each sees the same total
 * after its bootstrap and after every transaction, and every change once. Runs a few seconds on each version, or for as many
 * minutes as the system property {@value RandomRuns#MINUTES_PROPERTY} says.
 */
class BankIT {
    private static final Duration IN_A_BUILD = Duration.ofSeconds(4);
    private static final Duration ONE_DAY = Duration.ofSeconds(3);
    private static final int ACCOUNTS = 10_000;
    private static final int TELLERS = 16;
    private static final int CUSTOMERS = 8;

    @SomeVersion
    void keepsItsTotalForEachSubscriber(int version) {
        AtomicLong visits = new AtomicLong();
        AtomicLong transfers = new AtomicLong();
        int days = Property.forAllWithin(
                RandomRuns.minutes().orElse(IN_A_BUILD),
                RandomRuns.seeds(),
                random -> openForADay(version, random, visits, transfers));
        System.out.println(days + " days of the bank on PostgreSQL " + version + ": " + transfers + " transfers, "
                + visits + " bootstraps");
    }

    private static void openForADay(int version, Random random, AtomicLong visits, AtomicLong transfers) {
        try (SourceFixture fixture = SourceFixture.on(version)) {
            Tellers.openAccounts(fixture.database(), ACCOUNTS);
            fixture.publishAllTables();
            PostgresReplicationSource source = fixture.source(fixture.builder()
                    .withBootstrapBatchSize(100 + random.nextInt(1000))
                    .withDispatchBufferCapacity(1 + random.nextInt(random.nextBoolean() ? 20 : 2000)));
            List<BankCustomer> customers = new ArrayList<>();
            try (Tellers tellers = Tellers.start(fixture.database(), ACCOUNTS, TELLERS, random)) {
                source.start();
                for (int i = 0; i < CUSTOMERS; i++) {
                    Random own = new Random(random.nextLong());
                    customers.add(BankCustomer.start(source, "customer-" + i, ACCOUNTS, own, visits));
                }
                awaitEvening(source, customers);
                tellers.stop();
                transfers.addAndGet(tellers.committed());
                close(fixture, customers);
                assertNothingLeft(fixture, source);
            } finally {
                customers.forEach(BankCustomer::close);
            }
        }
    }

    private static void awaitEvening(PostgresReplicationSource source, List<BankCustomer> customers) {
        long evening = System.nanoTime() + ONE_DAY.toNanos();
        Await.until("the day is over", () -> {
            SourceFixture.requireNoFailure(source);
            customers.forEach(BankCustomer::requireNoFailure);
            return System.nanoTime() - evening > 0;
        });
    }

    private static void close(SourceFixture fixture, List<BankCustomer> customers) {
        Lsn end = fixture.walEnd();
        customers.forEach(customer -> customer.closeAt(end));
        customers.forEach(BankCustomer::awaitDone);
        customers.forEach(customer -> customer.assertEqualsTable(fixture.database()));
    }

    private static void assertNothingLeft(SourceFixture fixture, PostgresReplicationSource source) {
        source.stop();
        assertThat(SourceTraces.threads()).isEmpty();
        SourceTraces.awaitConnections(fixture, 0);
        SourceTraces.awaitSlots(fixture, fixture.slotName());
    }
}
