// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.stream;

import io.drasi.postgres.client.ReplicationStream;
import io.drasi.postgres.client.replication.StreamMessage;
import io.drasi.postgres.protocol.backend.ServerMessage;
import io.drasi.postgres.protocol.pgoutput.PgOutputDecoder;
import io.drasi.postgres.protocol.pgoutput.PgOutputMessage;
import io.drasi.postgres.protocol.replication.ReplicationMessage.PrimaryKeepalive;
import io.drasi.postgres.protocol.wire.ByteCursor;
import io.drasi.postgres.protocol.wire.ByteSlice;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.postgres.protocol.wire.ProtocolException;
import io.drasi.source.postgres.error.ConnectionException;
import io.drasi.source.postgres.error.DecodingException;
import io.drasi.source.postgres.error.PositionUnavailableException;
import io.drasi.source.postgres.error.SetupException;
import io.drasi.source.postgres.schema.ShapeChange;
import io.drasi.source.postgres.schema.TableDescription;
import io.drasi.source.postgres.server.Advice;
import io.drasi.source.postgres.subscription.Outlet;
import io.drasi.source.postgres.transaction.AssembledEvent;
import io.drasi.source.postgres.transaction.PreparedTransaction;
import io.drasi.source.postgres.transaction.TransactionAssembler;
import java.time.Duration;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the replication stream, hands out whole transactions, and has what was confirmed told to the
 * server. One thread reads; {@link #attention}, {@link #confirmed} and {@link #reached} are for any.
 */
public final class StreamReader {
    private static final Logger LOG = LoggerFactory.getLogger(StreamReader.class);
    private static final Duration LONGEST_READ = Duration.ofSeconds(10);
    private static final Duration LOOK_INTERVAL = Duration.ofSeconds(2);
    private static final Duration FINISH_TIMEOUT = Duration.ofSeconds(5);

    private final ReplicationStream stream;
    private final TransactionAssembler assembler;
    private final Outlet outlet;
    private final Advice advice;
    private final Feedback feedback;
    private final PgOutputDecoder decoder;
    private final ByteCursor cursor = new ByteCursor();
    private final ServerNotices notices = new ServerNotices(System::nanoTime);
    private volatile boolean attention = true;
    /** Whether to ask without anybody's attention too. Of the reading thread, as the next. */
    private boolean lookedAfter;

    private long nextLook = System.nanoTime();
    private BooleanSupplier goOn = () -> true;
    /** Whether something was confirmed since handing out began. */
    private volatile boolean confirmedMeanwhile;

    /**
     * @param statusInterval at which the server hears from us when nothing happens
     * @param start everything before it was confirmed
     * @param serverShutsDown asks the server, on another connection, whether it is shutting down
     * @param threadName of the thread that sends status updates
     */
    public StreamReader(
            StartedStream started,
            TransactionAssembler assembler,
            Outlet outlet,
            Advice advice,
            Duration statusInterval,
            Lsn start,
            BooleanSupplier serverShutsDown,
            String threadName) {
        this.stream = started.stream();
        this.decoder = started.decoder();
        this.assembler = assembler;
        this.outlet = outlet;
        this.advice = advice;
        this.feedback = new Feedback(started.stream(), outlet, statusInterval, start, serverShutsDown, threadName);
    }

    /**
     * Reads until {@code goOn} says no, then ends the stream in order.
     *
     * @param goOn is asked at the beginning and after each {@link #attention}, and with {@link #lookAfter} every 2 s
     * @throws io.drasi.source.postgres.error.SourceException or {@link io.drasi.postgres.client.error.PostgresClientException}
     *     if the stream breaks
     */
    public void run(BooleanSupplier goOn) {
        this.goOn = goOn;
        feedback.start();
        try (feedback) {
            while (goesOn()) {
                accept(stream.read(lookedAfter ? LOOK_INTERVAL : LONGEST_READ));
            }
        } catch (Left e) {
            LOG.debug("the stream is left inside a transaction, which comes again");
        } finally {
            assembler.abandon();
        }
        feedback.tellFinally();
        stream.finish(FINISH_TIMEOUT);
    }

    private boolean goesOn() {
        if (attention || (lookedAfter && System.nanoTime() - nextLook >= 0)) {
            attention = false;
            nextLook = System.nanoTime() + LOOK_INTERVAL.toNanos();
            return goOn.getAsBoolean();
        }
        return true;
    }

    /** A transaction that the server has sent before takes long to be read again. */
    private void lookMeanwhile() {
        feedback.handingOut(true); // nothing is read from the server meanwhile
        elsewhere(() -> {
            if (!goesOn()) {
                throw new Left();
            }
        });
    }

    /** What fails there says nothing of the message that is just taken. */
    private static void elsewhere(Runnable work) {
        try {
            work.run();
        } catch (RuntimeException e) {
            throw new Elsewhere(e);
        }
    }

    private static final class Elsewhere extends RuntimeException {
        private static final long serialVersionUID = 1;

        private final RuntimeException cause;

        Elsewhere(RuntimeException cause) {
            super(null, cause, false, false);
            this.cause = cause;
        }
    }

    /** Thrown in the midst of a transaction, when the stream is to end. */
    private static final class Left extends RuntimeException {
        private static final long serialVersionUID = 1;

        Left() {
            super(null, null, false, false);
        }
    }

    /** Has {@code goOn} asked now and again. Before {@link #run}. */
    public void lookAfter() {
        lookedAfter = true;
    }

    /** Has {@code goOn} asked soon. */
    public void attention() {
        attention = true;
        stream.wakeup();
    }

    /** A subscription has confirmed something. */
    public void confirmed() {
        confirmedMeanwhile = true;
        feedback.look();
    }

    /** Everything before it was handed out. */
    public Lsn reached() {
        return feedback.reached();
    }

    /** What the server was last told is confirmed. */
    public Lsn told() {
        return feedback.told();
    }

    private void accept(StreamMessage message) {
        if (message instanceof StreamMessage.Data data) {
            accept(data.xlogData().walStart(), data.xlogData().data());
        } else if (message instanceof StreamMessage.Keepalive keepalive) {
            accept(keepalive.keepalive());
        } else if (message instanceof StreamMessage.Notice notice) {
            accept(notice.message());
        } else if (message instanceof StreamMessage.Ended ended) {
            throw new ConnectionException(
                    "the server ends the stream, it is going away: " + ended.reason(), null, null);
        }
    }

    private void accept(Lsn walStart, ByteSlice data) {
        cursor.reset(data);
        try {
            PgOutputMessage message = decoder.decode(cursor);
            assembler.accept(message, decoder.xid(), data, this::lookMeanwhile, this::takeOut);
        } catch (Elsewhere e) {
            throw e.cause;
        } catch (ProtocolException e) {
            throw new DecodingException(
                    "a message of the stream at " + walStart + " can't be decoded: " + e.getMessage(), null, e);
        } catch (DecodingException e) {
            throw new DecodingException(
                    "a message of the stream at " + walStart + " can't be used: " + e.problem(),
                    e.remedy().orElse(null),
                    e);
        } catch (PositionUnavailableException e) {
            throw advice.preparedUnknown(e);
        } catch (SetupException e) {
            throw new SetupException(
                    "from " + walStart + " on in the stream: " + e.problem(),
                    e.remedy().orElse(null),
                    e);
        }
    }

    /** What comes out of the assembler while it takes a message. */
    private void takeOut(AssembledEvent event) {
        elsewhere(() -> {
            if (event instanceof AssembledEvent.Committed committed) {
                handOut(committed);
            } else if (event instanceof AssembledEvent.Schema schema) {
                schema.description().ifPresent(this::describe);
                schema.changes().forEach(this::announce);
            } else if (event instanceof AssembledEvent.Prepared prepared) {
                announce(prepared.transaction());
            } else if (event instanceof AssembledEvent.PreparedEnded ended) {
                announce(ended);
            }
        });
    }

    private void handOut(AssembledEvent.Committed committed) {
        confirmedMeanwhile = false;
        feedback.handingOut(true);
        boolean wanted;
        try {
            wanted = outlet.handOut(committed.transaction());
        } finally {
            committed.transaction().release();
        }
        feedback.handingOut(false);
        feedback.reached(committed.endLsn());
        outlet.reached(committed.endLsn());
        if (!wanted || confirmedMeanwhile) {
            feedback.look(); // nobody will confirm it, or it was before it counted as handed out
        }
    }

    private void announce(PreparedTransaction prepared) {
        feedback.held().prepared(prepared.prepareLsn());
        feedback.handingOut(true);
        outlet.prepared(prepared);
        feedback.handingOut(false);
        feedback.reached(prepared.endLsn());
        outlet.reached(prepared.endLsn());
    }

    private void announce(AssembledEvent.PreparedEnded ended) {
        feedback.handingOut(true);
        outlet.preparedEnded(ended);
        feedback.handingOut(false);
        feedback.held().ended(ended.transaction().prepareLsn(), ended.endLsn());
        feedback.reached(ended.endLsn());
        outlet.reached(ended.endLsn());
        feedback.look();
    }

    private void describe(TableDescription description) {
        description.change().ifPresent(StreamReader::log);
        outlet.described(description);
    }

    private void announce(ShapeChange change) {
        log(change);
        outlet.handOut(change.change(), change.repeated());
    }

    private static void log(ShapeChange change) {
        if (!change.repeated()) {
            LOG.info(
                    "table {} changed: {}",
                    change.change().label(),
                    change.change().changes());
        }
    }

    private void accept(PrimaryKeepalive keepalive) {
        if (!assembler.inTransaction()) {
            feedback.reached(keepalive.walEnd());
            outlet.reached(keepalive.walEnd());
        }
        if (keepalive.replyRequested()) {
            feedback.replyRequested();
        } else {
            feedback.look();
        }
    }

    private void accept(ServerMessage notice) {
        if (ServerNotices.leavesRowsOut(notice)) {
            throw advice.publicationUnknown(notice.message(), null);
        }
        notices.log(notice);
    }
}
