// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.client.session;

import io.drasi.postgres.client.error.ConnectionLostException;
import io.drasi.postgres.client.query.CopyConsumer;
import io.drasi.postgres.client.query.QueryResult;
import io.drasi.postgres.client.query.Row;
import io.drasi.postgres.protocol.backend.BackendMessage;
import io.drasi.postgres.protocol.backend.BackendMessage.CommandComplete;
import io.drasi.postgres.protocol.backend.BackendMessage.CopyBothResponse;
import io.drasi.postgres.protocol.backend.BackendMessage.CopyData;
import io.drasi.postgres.protocol.backend.BackendMessage.CopyDone;
import io.drasi.postgres.protocol.backend.BackendMessage.CopyInResponse;
import io.drasi.postgres.protocol.backend.BackendMessage.CopyOutResponse;
import io.drasi.postgres.protocol.backend.BackendMessage.EmptyQueryResponse;
import io.drasi.postgres.protocol.backend.BackendMessage.ErrorResponse;
import io.drasi.postgres.protocol.backend.BackendMessage.NoticeResponse;
import io.drasi.postgres.protocol.backend.BackendMessage.ReadyForQuery;
import io.drasi.postgres.protocol.backend.BackendMessage.RowDescription;
import io.drasi.postgres.protocol.backend.DataRow;
import io.drasi.postgres.protocol.backend.Field;
import io.drasi.postgres.protocol.backend.ServerMessage;
import io.drasi.postgres.protocol.frontend.FrontendMessage;
import io.drasi.postgres.protocol.wire.ProtocolException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** One run of the simple query protocol (PostgreSQL documentation, "Simple Query" and "COPY Operations"). */
public final class SimpleQuery {
    private final Session session;
    private final String doing;
    private final Patience patience;
    private final Optional<CopyConsumer> copyConsumer;
    private final List<ServerMessage> notices = new ArrayList<>();
    private List<String> columns = List.of();
    private List<Row> rows = new ArrayList<>();
    private QueryResult lastStatement = new QueryResult(List.of(), List.of(), "", List.of());
    private Optional<ServerMessage> error = Optional.empty();
    private Optional<String> misuse = Optional.empty();
    private boolean copied;
    private long copyMessages;

    private SimpleQuery(Session session, String doing, Patience patience, Optional<CopyConsumer> copyConsumer) {
        this.session = session;
        this.doing = doing;
        this.patience = patience;
        this.copyConsumer = copyConsumer;
    }

    /**
     * @param doing for messages, what the text is for
     * @throws io.drasi.postgres.client.error.ServerErrorException for an ErrorResponse; the session goes on
     * @throws IllegalArgumentException if the text turns out to be a COPY
     */
    public static QueryResult run(Session session, String doing, Patience patience, String sql) {
        SimpleQuery query = new SimpleQuery(session, doing, patience, Optional.empty());
        query.execute(sql);
        QueryResult last = query.lastStatement;
        return new QueryResult(last.columnNames(), last.rows(), last.commandTag(), query.notices);
    }

    /**
     * Runs {@code COPY … TO STDOUT}, and waits for each of its rows as long as it takes.
     *
     * @return the count of CopyData messages
     * @throws io.drasi.postgres.client.error.ServerErrorException for an ErrorResponse; the session goes on
     * @throws IllegalArgumentException if the text turns out to be something else
     */
    public static long copyOut(Session session, String copySql, CopyConsumer consumer) {
        SimpleQuery query = new SimpleQuery(session, "COPY", Patience.ENDLESS, Optional.of(consumer));
        query.execute(copySql);
        if (!query.copied) {
            throw new IllegalArgumentException("not a COPY … TO STDOUT: " + copySql);
        }
        return query.copyMessages;
    }

    private void execute(String sql) {
        session.requireNotStreaming();
        session.send(new FrontendMessage.Query(sql));
        BackendMessage message = receive();
        while (!(message instanceof ReadyForQuery)) {
            handleOrAbort(message);
            message = receive();
        }
        // First the misuse: to a COPY that is turned away the server answers with an error.
        if (misuse.isPresent()) {
            throw new IllegalArgumentException(misuse.get() + ": " + sql);
        }
        if (error.isPresent()) {
            throw session.serverError(doing, error.get());
        }
    }

    private BackendMessage receive() {
        try {
            return session.receive(patience);
        } catch (ConnectionLostException e) {
            // A FATAL error comes with the end of the connection, and says more than that.
            if (error.isPresent()) {
                throw session.serverError(doing, error.get());
            }
            throw e;
        }
    }

    private void handleOrAbort(BackendMessage message) {
        try {
            handle(message);
        } catch (RuntimeException | Error e) {
            // The next query would take the rest of this one for its answer, and nobody wants to wait for that rest
            // either:
            // it may be many gigabytes.
            session.abort();
            throw e;
        }
    }

    private void handle(BackendMessage message) {
        if (message instanceof CopyData data) {
            takeCopyData(data);
        } else if (message instanceof DataRow row) {
            rows.add(copy(row));
        } else if (message instanceof RowDescription description) {
            // Each row keeps them; of a list that is known to be unmodifiable it makes no copy.
            columns = List.copyOf(description.fields().stream().map(Field::name).toList());
        } else if (message instanceof CommandComplete complete) {
            endStatement(complete.tag());
        } else if (message instanceof EmptyQueryResponse) {
            endStatement("");
        } else if (message instanceof ErrorResponse response) {
            error = error.or(() -> Optional.of(response.message()));
        } else if (message instanceof NoticeResponse notice) {
            notices.add(notice.message());
        } else {
            handleCopy(message);
        }
    }

    private void endStatement(String commandTag) {
        lastStatement = new QueryResult(columns, rows, commandTag, List.of());
        columns = List.of();
        rows = new ArrayList<>();
    }

    private Row copy(DataRow row) {
        if (row.size() != columns.size()) {
            throw new ProtocolException("a row of " + row.size() + " values for " + columns.size() + " columns", 0);
        }
        List<Optional<String>> values = new ArrayList<>(row.size());
        for (int i = 0; i < row.size(); i++) {
            values.add(row.text(i));
        }
        return new Row(columns, values);
    }

    private void handleCopy(BackendMessage message) {
        if (message instanceof CopyOutResponse) {
            copied = true;
            if (copyConsumer.isEmpty()) {
                misuse = Optional.of("a COPY … TO STDOUT needs a consumer for its data");
            }
        } else if (message instanceof CopyInResponse) {
            misuse = Optional.of("this client does not copy into tables");
            session.send(new FrontendMessage.CopyFail("this client does not copy into tables"));
        } else if (message instanceof CopyBothResponse) {
            throw new IllegalArgumentException("a stream must be started as one; the connection is closed");
        } else if (!(message instanceof CopyDone)) {
            throw new ProtocolException("unexpected message during a query: " + message, 0);
        }
    }

    private void takeCopyData(CopyData data) {
        copyMessages++;
        copyConsumer.ifPresent(consumer -> consumer.accept(data.data()));
    }
}
