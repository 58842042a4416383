// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg.options;

import java.util.Arrays;
import java.util.Optional;

/** An option of one source that has a single value, with the names it goes by. An empty name: it has none there. */
public enum SourceOption {
    ID("id", "", ""),
    HOST("host", "host", "PGHOST"),
    PORT("port", "port", "PGPORT"),
    TARGET_SESSION_ATTRS("target_session_attrs", "target_session_attrs", "PGTARGETSESSIONATTRS"),
    DATABASE("database", "dbname", "PGDATABASE"),
    USER("user", "user", "PGUSER"),
    PASSWORD("password", "password", "PGPASSWORD"),
    PASSFILE("passfile", "passfile", "PGPASSFILE"),
    SLOT_NAME("slot_name", "", ""),
    FAILOVER_SLOT("failover_slot", "", ""),
    PUBLICATION_NAME("publication_name", "", ""),
    SLOT_HELD("slot_held", "", ""),
    ON_POSITION_LOST("on_position_lost", "", ""),
    RETENTION_WARNING("retention_warning", "", ""),
    CREATE_PUBLICATION("create_publication", "", ""),
    SSL_MODE("ssl_mode", "sslmode", "PGSSLMODE"),
    SSL_ROOT_CERT("ssl_root_cert", "sslrootcert", "PGSSLROOTCERT"),
    SSL_CERT("ssl_cert", "sslcert", "PGSSLCERT"),
    SSL_KEY("ssl_key", "sslkey", "PGSSLKEY"),
    CONNECT_TIMEOUT("connect_timeout", "connect_timeout", "PGCONNECT_TIMEOUT"),
    PEER_TIMEOUT("peer_timeout", "", ""),
    STATUS_INTERVAL("status_interval", "", ""),
    INVALID_TEXT("invalid_text", "", ""),
    ROW_FORMAT("row_format", "", ""),
    ALLOW_CLEARTEXT_PASSWORD("allow_cleartext_password", "", ""),
    DISPATCH_MODE("dispatch_mode", "", ""),
    DISPATCH_BUFFER_CAPACITY("dispatch_buffer_capacity", "", ""),
    MAX_TRANSACTION_MEMORY("max_transaction_memory", "", ""),
    TEMP_DIR("temp_dir", "", ""),
    STREAMING("streaming", "", ""),
    TWO_PHASE("two_phase", "", ""),
    BOOTSTRAP_BATCH_SIZE("bootstrap_batch_size", "", ""),
    BOOTSTRAP_PARALLELISM("bootstrap_parallelism", "", ""),
    BOOTSTRAP("bootstrap", "", ""),
    STATE_DIR("state_dir", "", ""),
    AUTO_START("auto_start", "", "");

    private final String optionName;
    private final String libpqKeyword;
    private final String environmentVariable;

    SourceOption(String optionName, String libpqKeyword, String environmentVariable) {
        this.optionName = optionName;
        this.libpqKeyword = libpqKeyword;
        this.environmentVariable = environmentVariable;
    }

    /** The specification's name, e.g. {@code slot_name}: the key in a configuration file. */
    public String optionName() {
        return optionName;
    }

    String environmentVariable() {
        return environmentVariable;
    }

    static Optional<SourceOption> ofLibpqKeyword(String keyword) {
        return Arrays.stream(values())
                .filter(option -> !keyword.isEmpty() && option.libpqKeyword.equals(keyword))
                .findFirst();
    }

    static Optional<SourceOption> ofOptionName(String name) {
        return Arrays.stream(values())
                .filter(option -> option.optionName.equals(name))
                .findFirst();
    }
}
