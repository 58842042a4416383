// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg.output;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonFactoryBuilder;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.SerializableString;
import com.fasterxml.jackson.core.StreamWriteFeature;
import com.fasterxml.jackson.core.io.SerializedString;
import io.drasi.model.ChangeCursor;
import io.drasi.model.ElementMetadata;
import io.drasi.model.Position;
import io.drasi.model.SourceChange;
import io.drasi.model.SourceEvent;
import io.drasi.postgres.protocol.wire.Lsn;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/**
 * One JSON object a line: each change, and the begin and end of a bootstrap. A property that is absent is absent; a
 * snapshot's rows are inserts without {@code transaction}. Not thread-safe.
 */
public final class JsonLines implements EventPrinter {
    private static final SerializableString TYPE = new SerializedString("type");
    private static final SerializableString ID = new SerializedString("id");
    private static final SerializableString LABELS = new SerializedString("labels");
    private static final SerializableString EFFECTIVE_FROM = new SerializedString("effectiveFrom");
    private static final SerializableString PROPERTIES = new SerializedString("properties");
    private static final SerializableString BEFORE = new SerializedString("before");
    private static final SerializableString POSITION = new SerializedString("position");
    private static final SerializableString LSN = new SerializedString("lsn");
    private static final SerializableString ORDINAL = new SerializedString("ordinal");

    private final CountedOutput output;
    private final Optional<String> source;
    private final JsonGenerator json;
    private final JsonValues values;
    private Position snapshot = Position.before(0);

    /** @param source written into every line, if there is more than one source */
    public JsonLines(CountedOutput output, Optional<String> source) throws IOException {
        this.output = output;
        this.source = source;
        // Each line ends with a line feed that is written with it; none is wanted between lines.
        JsonFactory factory = new JsonFactoryBuilder()
                .rootValueSeparator("")
                .enable(StreamWriteFeature.USE_FAST_DOUBLE_WRITER)
                .disable(StreamWriteFeature.AUTO_CLOSE_TARGET)
                .disable(StreamWriteFeature.FLUSH_PASSED_TO_STREAM)
                .build();
        this.json = factory.createGenerator(output);
        this.values = new JsonValues(json);
    }

    @Override
    public void print(SourceEvent event) throws IOException {
        // The lines of a transaction stay together when several sources print.
        synchronized (output) {
            if (event instanceof SourceEvent.Transaction transaction) {
                printTransaction(transaction);
            } else if (event instanceof SourceEvent.BootstrapBatch batch) {
                printBatch(batch);
            } else if (event instanceof SourceEvent.BootstrapStarted started) {
                printStarted(started);
            } else if (event instanceof SourceEvent.BootstrapCompleted completed) {
                printCompleted(completed);
            } else if (event instanceof SourceEvent.SchemaChanged changed) {
                printSchemaChanged(changed);
            } else if (event instanceof SourceEvent.TransactionPrepared prepared) {
                printPrepared(prepared);
            } else if (event instanceof SourceEvent.PreparedTransactionEnded ended) {
                printPreparedEnded(ended);
            }
            json.flush();
        }
    }

    private void printTransaction(SourceEvent.Transaction transaction) throws IOException {
        TransactionFields fields = new TransactionFields(transaction);
        for (ChangeCursor cursor = transaction.cursor(); cursor.next(); ) {
            SourceChange change = cursor.change();
            begin(typeOf(change));
            writeElement(change);
            writePosition(fields.commitLsn(), cursor.position().ordinal());
            fields.write(json, cursor.last());
            writeBefore(change);
            end();
        }
    }

    private void printBatch(SourceEvent.BootstrapBatch batch) throws IOException {
        String lsn = snapshot.lsnText();
        for (SourceChange.Insert row : batch.rows()) {
            begin("insert");
            writeElement(row);
            writePosition(lsn, snapshot.ordinal());
            end();
        }
    }

    private void printStarted(SourceEvent.BootstrapStarted started) throws IOException {
        snapshot = started.position();
        begin("bootstrap-started");
        writePosition(snapshot.lsnText(), snapshot.ordinal());
        json.writeStringField("snapshotTime", started.snapshotTime().toString());
        writeTexts("labels", started.labels());
        end();
    }

    private void printCompleted(SourceEvent.BootstrapCompleted completed) throws IOException {
        begin("bootstrap-completed");
        writePosition(completed.position().lsnText(), completed.position().ordinal());
        json.writeNumberField("rows", completed.rows());
        end();
    }

    private void printSchemaChanged(SourceEvent.SchemaChanged changed) throws IOException {
        begin("schema-changed");
        json.writeStringField("label", changed.label());
        if (changed.previousLabel().isPresent()) {
            json.writeStringField("previousLabel", changed.previousLabel().get());
        }
        writeTexts("columns", changed.columns());
        writeTexts("changes", changed.changes());
        json.writeBooleanField("idsInvalidated", changed.idsInvalidated());
        writePosition(changed.position().lsnText(), changed.position().ordinal());
        end();
    }

    private void printPrepared(SourceEvent.TransactionPrepared prepared) throws IOException {
        begin("transaction-prepared");
        writePrepared(prepared.gid(), prepared.xid(), prepared.prepareLsn());
        json.writeStringField("prepareTime", prepared.prepareTime().toString());
        end();
    }

    private void printPreparedEnded(SourceEvent.PreparedTransactionEnded ended) throws IOException {
        begin(ended.committed() ? "prepared-committed" : "prepared-rolled-back");
        writePrepared(ended.gid(), ended.xid(), ended.prepareLsn());
        json.writeStringField("endTime", ended.endTime().toString());
        json.writeStringField("endLsn", new Lsn(ended.endLsn()).toString());
        end();
    }

    private void writePrepared(String gid, long xid, long prepareLsn) throws IOException {
        json.writeStringField("gid", gid);
        json.writeNumberField("xid", xid);
        json.writeStringField("prepareLsn", new Lsn(prepareLsn).toString());
    }

    private static String typeOf(SourceChange change) {
        if (change instanceof SourceChange.Insert) {
            return "insert";
        } else if (change instanceof SourceChange.Update) {
            return "update";
        } else if (change instanceof SourceChange.Delete) {
            return "delete";
        } else if (change instanceof SourceChange.Truncate) {
            return "truncate";
        }
        return "future";
    }

    /** The members from id to properties. */
    private void writeElement(SourceChange change) throws IOException {
        if (change instanceof SourceChange.Insert insert) {
            writeId(insert.element().metadata());
            if (insert.previousId().isPresent()) {
                json.writeStringField("previousId", insert.previousId().get());
            }
            if (!insert.unchanged().isEmpty()) {
                writeTexts("unchanged", insert.unchanged());
            }
            writeLabels(insert.element().metadata());
            values.writeProperties(PROPERTIES, insert.element().properties());
        } else if (change instanceof SourceChange.Update update) {
            writeId(update.element().metadata());
            writeLabels(update.element().metadata());
            values.writeProperties(PROPERTIES, update.element().properties());
        } else if (change instanceof SourceChange.Delete delete) {
            writeId(delete.metadata());
            writeLabels(delete.metadata());
        } else if (change instanceof SourceChange.Truncate truncate) {
            writeTexts("labels", truncate.labels());
            json.writeNumberField("effectiveFrom", truncate.effectiveFrom());
            json.writeBooleanField("cascade", truncate.cascade());
            json.writeBooleanField("restartIdentity", truncate.restartIdentity());
        } else if (change instanceof SourceChange.Future future) {
            json.writeStringField("id", future.reference().elementId());
            json.writeNumberField("originalTime", future.originalTime());
            json.writeNumberField("dueTime", future.dueTime());
            json.writeNumberField("groupSignature", future.groupSignature());
        }
    }

    private void writeId(ElementMetadata metadata) throws IOException {
        json.writeFieldName(ID);
        json.writeString(metadata.reference().elementId());
    }

    private void writeLabels(ElementMetadata metadata) throws IOException {
        writeTexts(LABELS, metadata.labels());
        json.writeFieldName(EFFECTIVE_FROM);
        json.writeNumber(metadata.effectiveFrom());
    }

    private void writeBefore(SourceChange change) throws IOException {
        if (change instanceof SourceChange.Update update && update.before().isPresent()) {
            values.writeProperties(BEFORE, update.before().get());
        } else if (change instanceof SourceChange.Delete delete
                && delete.before().isPresent()) {
            values.writeProperties(BEFORE, delete.before().get());
        }
    }

    private void begin(String type) throws IOException {
        json.writeStartObject();
        json.writeFieldName(TYPE);
        json.writeString(type);
        if (source.isPresent()) {
            json.writeStringField("source", source.get());
        }
    }

    private void end() throws IOException {
        json.writeEndObject();
        json.writeRaw('\n');
    }

    private void writePosition(String lsn, long ordinal) throws IOException {
        json.writeFieldName(POSITION);
        json.writeStartObject();
        json.writeFieldName(LSN);
        json.writeString(lsn);
        json.writeFieldName(ORDINAL);
        json.writeNumber(ordinal);
        json.writeEndObject();
    }

    private void writeTexts(String name, List<String> texts) throws IOException {
        writeTexts(new SerializedString(name), texts);
    }

    private void writeTexts(SerializableString name, List<String> texts) throws IOException {
        json.writeFieldName(name);
        json.writeStartArray();
        for (String text : texts) {
            json.writeString(text);
        }
        json.writeEndArray();
    }
}
