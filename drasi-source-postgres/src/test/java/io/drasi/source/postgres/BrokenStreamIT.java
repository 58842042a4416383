// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.model.SourceEvent;
import io.drasi.model.StatusChange;
import io.drasi.model.SubscriptionSettings;
import io.drasi.postgres.client.settings.SslMode;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.source.postgres.error.ConnectionException;
import io.drasi.source.postgres.error.DecodingException;
import io.drasi.source.postgres.error.ServerException;
import io.drasi.source.postgres.error.SourceException;
import io.drasi.testkit.Await;
import io.drasi.testkit.Bytes;
import io.drasi.testkit.PostgresServer;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Streams that break the protocol: the source stops with the place and confirms nothing of what it could not use. */
class BrokenStreamIT {
    private static PostgresServer server;

    private Shop shop;
    private long users;
    /** Where the stream begins, and where its transaction will commit. */
    private long place;

    private long commit;

    @BeforeAll
    static void startServer() {
        server = Shop.server(18).start();
    }

    @AfterAll
    static void stopServer() {
        server.close();
    }

    @BeforeEach
    void openShop() {
        shop = Shop.open(server);
        users = Long.parseLong(shop.database().queryOne("SELECT 'users'::regclass::oid"));
        shop.database().query("SELECT pg_create_logical_replication_slot('" + shop.name() + "', 'pgoutput')");
        place = confirmed();
        commit = place + 0x1000;
    }

    @AfterEach
    void closeShop() {
        shop.close();
    }

    private long confirmed() {
        return Lsn.parse(server.queryOne(
                        "SELECT confirmed_flush_lsn FROM pg_replication_slots WHERE slot_name = '" + shop.name() + "'"))
                .value();
    }

    /** Of the stream's messages, counted from 1 on. */
    private Lsn place(int number) {
        return new Lsn(place + 16L * (number - 1));
    }

    private ObservedSource start(StreamProxy proxy) {
        return ObservedSource.start(
                shop.source()
                        .withPort(proxy.port())
                        .withSslMode(SslMode.DISABLE)
                        .build(),
                SubscriptionSettings.forQuery("observer"),
                Shop.PASSWORD);
    }

    /** What the source says to a stream of which it could give nothing, so that it must not confirm anything either. */
    private SourceException errorOf(StreamProxy.Script script) {
        try (StreamProxy proxy = new StreamProxy(server, script);
                ObservedSource observed = start(proxy)) {
            SourceException error = observed.awaitErrorBeforeTransactions();
            assertThat(confirmed()).isLessThanOrEqualTo(commit);
            return error;
        }
    }

    private SourceException errorOfMessages(byte[]... messages) {
        return errorOf(stream -> stream.sendMessages(place, messages));
    }

    // ---- messages of pgoutput

    private static byte[] begin(long commitLsn) {
        return new Bytes().int8('B').int64(commitLsn).int64(0).int32(771).toByteArray();
    }

    private static byte[] commit(long commitLsn) {
        return new Bytes()
                .int8('C')
                .int8(0)
                .int64(commitLsn)
                .int64(commitLsn + 0x30)
                .int64(0)
                .toByteArray();
    }

    private byte[] relation() {
        return new Bytes()
                .int8('R')
                .int32(users)
                .cstring("public")
                .cstring("users")
                .int8('d')
                .int16(2)
                .int8(1)
                .cstring("id")
                .int32(23)
                .int32(-1)
                .int8(0)
                .cstring("name")
                .int32(25)
                .int32(-1)
                .toByteArray();
    }

    private byte[] insert(String... values) {
        Bytes bytes = new Bytes().int8('I').int32(users).int8('N').int16(values.length);
        for (String value : values) {
            bytes.int8('t').sizedText(value);
        }
        return bytes.toByteArray();
    }

    @Test
    void streamsWhatIsWellFormed() {
        try (StreamProxy proxy = new StreamProxy(
                        server,
                        stream -> stream.sendMessages(
                                place, begin(commit), relation(), insert("1", "Ada"), commit(commit)));
                ObservedSource observed = start(proxy)) {
            assertThat(observed.await(SourceEvent.Transaction.class).size()).isEqualTo(1);
            Await.until("it is confirmed", () -> confirmed() >= commit);
        }
    }

    // ---- frames

    @Test
    void stopsAtAMessageOfUnknownType() {
        requireBroken(
                errorOf(stream -> stream.send(new Bytes().frame((char) 1, body -> body.text("?")))), "0x1", "offset");
    }

    @Test
    void stopsAtAMessageThatDoesNotBelongIntoAStream() {
        requireBroken(
                errorOf(session ->
                        session.send(new Bytes().frame('G', body -> body.int8(0).int16(0)))),
                "CopyInResponse",
                "offset");
    }

    @Test
    void stopsAtAFrameThatIsTooLong() {
        requireBroken(
                errorOf(stream -> stream.send(new Bytes().int8('d').int32(0x7FFF_FFFF))),
                "the length of a frame must be 4 to 1073741827, was 2147483647",
                "at offset 1");
    }

    @Test
    void stopsAtAFrameThatIsTooShort() {
        requireBroken(
                errorOf(stream -> stream.send(new Bytes().int8('d').int32(3))),
                "the length of a frame must be 4 to 1073741827, was 3",
                "at offset 1");
    }

    @Test
    void stopsAtAReplicationMessageOfUnknownType() {
        requireBroken(errorOf(stream -> stream.send(new Bytes().frame('d', body -> body.int8('z')))), "0x7a", "offset");
    }

    @Test
    void stopsAtATruncatedReplicationMessage() {
        byte[] whole = new Bytes().int8('w').int64(0x110).int64(0x110).int64(0).toByteArray();
        requireBroken(
                errorOf(stream -> stream.send(new Bytes().frame('d', Arrays.copyOf(whole, whole.length - 1)))),
                "need 8 bytes, 7 left",
                "at offset 17");
    }

    private void requireBroken(SourceException error, String... texts) {
        assertThat(error)
                .isInstanceOf(DecodingException.class)
                .hasMessageStartingWith(
                        "source 'shop', reading the stream (slot " + shop.name() + "): the server at 127.0.0.1:")
                .hasMessageContaining(" broke the protocol: ")
                .hasMessageContainingAll(texts);
    }

    // ---- messages of pgoutput

    @Test
    void stopsAtAPgOutputMessageOfUnknownType() {
        requireUndecodable(
                errorOfMessages(begin(commit), Bytes.of('?', 1, 2)),
                2,
                "pgoutput message '?': unknown message type (at offset 0)");
    }

    @Test
    void stopsAtATruncatedInsert() {
        byte[] insert = insert("1", "Ada");
        requireUndecodable(
                errorOfMessages(begin(commit), relation(), Arrays.copyOf(insert, insert.length - 1)),
                3,
                "pgoutput message 'I': need 3 bytes, 2 left");
    }

    private void requireUndecodable(SourceException error, int number, String text) {
        assertThat(error)
                .isInstanceOf(DecodingException.class)
                .hasMessageStartingWith("a message of the stream at " + place(number) + " can't be decoded: " + text);
    }

    @Test
    void stopsAtARowOfARelationThatWasNotDescribed() {
        requireUnusable(
                errorOfMessages(begin(commit), insert("1", "Ada"), commit(commit)),
                2,
                "the server sent a row of relation " + users + " without describing the relation before");
    }

    @Test
    void stopsAtARowOutsideATransaction() {
        requireUnusable(errorOfMessages(insert("1", "Ada")), 1, "the server sent Insert outside a transaction");
    }

    @Test
    void stopsAtACommitOfAnotherTransaction() {
        requireUnusable(
                errorOfMessages(begin(commit), relation(), insert("1", "Ada"), commit(commit + 8)),
                4,
                "the server sent Commit at " + new Lsn(commit + 8)
                        + " for a transaction that was announced to commit at " + new Lsn(commit));
    }

    @Test
    void stopsAtATransactionInsideATransaction() {
        requireUnusable(
                errorOfMessages(begin(commit), begin(commit + 0x100)),
                2,
                "the server sent Begin of transaction 771 inside transaction 771");
    }

    @Test
    void stopsAtARowWithAnotherCountOfColumns() {
        requireUnusable(
                errorOfMessages(begin(commit), relation(), insert("1")),
                3,
                "a row of table users has 1 columns, but the table was described with 2");
    }

    @Test
    void stopsAtAValueThatIsNotOfItsType() {
        requireUnusable(
                errorOfMessages(begin(commit), relation(), insert("one", "Ada")),
                3,
                "column id of table users, row with id = 'one': not a value of type int4: 'one', in hexadecimal 6f6e65");
    }

    @Test
    void stopsAtABinaryValueThatItsTypeDoesNotHave() {
        byte[] insert = new Bytes()
                .int8('I')
                .int32(users)
                .int8('N')
                .int16(2)
                .int8('b')
                .sizedBytes(Bytes.of(0, 0, 0, 1, 2))
                .int8('n')
                .toByteArray();
        requireUnusable(
                errorOfMessages(begin(commit), relation(), insert),
                3,
                "column id of table users, row with id = 0x0000000102: not a value of type int4:"
                        + " '\\x00\\x00\\x00\\x01\\x02', in hexadecimal 0000000102");
    }

    private void requireUnusable(SourceException error, int number, String text) {
        assertThat(error)
                .isInstanceOf(DecodingException.class)
                .hasMessageStartingWith("a message of the stream at " + place(number) + " can't be used: " + text);
    }

    // ---- errors and ends

    @Test
    void stopsAtAnErrorThatTryingAgainDoesNotHelp() {
        SourceException error = errorOf(stream -> stream.send(new Bytes()
                .frame(
                        'E',
                        body -> body.int8('S')
                                .cstring("ERROR")
                                .int8('C')
                                .cstring("XX001")
                                .int8('M')
                                .cstring("invalid page in block 7 of relation base/1/2")
                                .int8(0))));

        assertThat(error)
                .isInstanceOf(ServerException.class)
                .hasMessageStartingWith(
                        "source 'shop', reading the stream (slot " + shop.name() + "): replication stream on ")
                .hasMessageEndingWith("ERROR XX001: invalid page in block 7 of relation base/1/2");
        assertThat(((ServerException) error).sqlState()).isEqualTo("XX001");
    }

    @Test
    void goesOnWhenTheConnectionEndsInTheMiddleOfAFrame() {
        AtomicBoolean first = new AtomicBoolean(true);
        try (StreamProxy proxy = new StreamProxy(server, stream -> {
                    if (first.getAndSet(false)) {
                        stream.send(new Bytes().int8('d').int32(1000).text("begins"));
                        stream.reset();
                    } else {
                        stream.sendMessages(place, begin(commit), relation(), insert("1", "Ada"), commit(commit));
                    }
                });
                ObservedSource observed = start(proxy)) {
            StatusChange retry = observed.awaitRetry();

            assertThat(retry.cause()).containsInstanceOf(ConnectionException.class);
            assertThat(retry.message().orElseThrow())
                    .contains("source 'shop', reading the stream (slot " + shop.name() + "): ")
                    .contains("127.0.0.1:" + proxy.port());
            assertThat(observed.await(SourceEvent.Transaction.class).size()).isEqualTo(1);
        }
    }
}
