// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg.output;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.SerializableString;
import com.fasterxml.jackson.core.io.SerializedString;
import io.drasi.model.SourceEvent;
import io.drasi.postgres.protocol.wire.Lsn;
import java.io.IOException;

/** The {@code transaction} member of a line: but for {@code last}, the same in all lines of a transaction. */
final class TransactionFields {
    private static final SerializableString NAME = new SerializedString("transaction");

    private final String commitLsn;
    private final String beginning;

    /** Nothing in here needs escaping. */
    TransactionFields(SourceEvent.Transaction transaction) {
        this.commitLsn = new Lsn(transaction.commitLsn()).toString();
        this.beginning = "{\"xid\":" + transaction.xid() + ",\"commitLsn\":\"" + commitLsn + "\",\"endLsn\":\""
                + new Lsn(transaction.endLsn()) + "\",\"commitTime\":\"" + transaction.commitTime() + "\",\"last\":";
    }

    String commitLsn() {
        return commitLsn;
    }

    void write(JsonGenerator json, boolean last) throws IOException {
        json.writeFieldName(NAME);
        json.writeRawValue(beginning);
        json.writeRaw(last ? "true}" : "false}");
    }
}
