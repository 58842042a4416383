// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg;

import io.drasi.pg.libpq.ConnectionString;
import io.drasi.pg.options.ConfigFile;
import io.drasi.pg.options.OptionException;
import io.drasi.pg.options.SourceOption;
import io.drasi.pg.options.SourceOptions;
import io.drasi.pg.options.TableKeyText;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The options that describe a source: libpq's names where libpq has them, else the specification's with dashes. */
final class SourceArguments {
    private SourceOptions given = SourceOptions.none();
    private final List<String> databases = new ArrayList<>();

    @Option(names = "--config", paramLabel = "FILE", description = "YAML file with the specification's option names.")
    private @Nullable Path config;

    @Option(
            names = {"-h", "--host"},
            paramLabel = "HOST",
            description = "Server, or directory of its Unix socket; several with commas between are tried in turn."
                    + " Default: $$PGHOST, localhost.")
    void setHost(String value) {
        give(SourceOption.HOST, value, "--host");
    }

    @Option(
            names = {"-p", "--port"},
            paramLabel = "PORT",
            description = "One for all hosts, or one for each. Default: $$PGPORT, 5432.")
    void setPort(String value) {
        give(SourceOption.PORT, value, "--port");
    }

    @Option(
            names = "--target-session-attrs",
            paramLabel = "ROLE",
            description =
                    "Which of several hosts will do: any, read-write, read-only, primary, standby or prefer-standby."
                            + " Default: $$PGTARGETSESSIONATTRS, any.")
    void setTargetSessionAttrs(String value) {
        give(SourceOption.TARGET_SESSION_ATTRS, value, "--target-session-attrs");
    }

    @Option(
            names = {"-d", "--dbname"},
            paramLabel = "DBNAME",
            description = "Database, postgresql:// URI or connection string. Default: $$PGDATABASE, the user's name.")
    void setDatabase(String value) {
        databases.add(value);
    }

    @Parameters(arity = "0..1", paramLabel = "DBNAME", description = "The same as --dbname.")
    void setDatabaseArgument(String value) {
        databases.add(value);
    }

    @Option(
            names = {"-U", "--username"},
            paramLabel = "NAME",
            description = "Default: $$PGUSER, the operating system's user.")
    void setUser(String value) {
        give(SourceOption.USER, value, "--username");
    }

    @Option(
            names = {"--ssl-mode", "--sslmode"},
            paramLabel = "MODE",
            description = "disable, prefer, require, verify-ca or verify-full. Default: $$PGSSLMODE, prefer.")
    void setSslMode(String value) {
        give(SourceOption.SSL_MODE, value, "--ssl-mode");
    }

    @Option(
            names = {"--ssl-root-cert", "--sslrootcert"},
            paramLabel = "FILE",
            description = "Certificates to trust, PEM.")
    void setSslRootCert(String value) {
        give(SourceOption.SSL_ROOT_CERT, value, "--ssl-root-cert");
    }

    @Option(
            names = {"--ssl-cert", "--sslcert"},
            paramLabel = "FILE",
            description = "Client certificate, PEM.")
    void setSslCert(String value) {
        give(SourceOption.SSL_CERT, value, "--ssl-cert");
    }

    @Option(
            names = {"--ssl-key", "--sslkey"},
            paramLabel = "FILE",
            description = "Key of the client certificate, PEM.")
    void setSslKey(String value) {
        give(SourceOption.SSL_KEY, value, "--ssl-key");
    }

    @Option(
            names = "--connect-timeout",
            paramLabel = "TIME",
            description = "Seconds, or with a unit: 500ms, 10s. Default: $$PGCONNECT_TIMEOUT, 10s.")
    void setConnectTimeout(String value) {
        give(SourceOption.CONNECT_TIMEOUT, value, "--connect-timeout");
    }

    @Option(
            names = "--passfile",
            paramLabel = "FILE",
            description = "Password file. Default: $$PGPASSFILE, ~/.pgpass. There is no option for the password itself:"
                    + " it is taken from the URI, the configuration file, $$PGPASSWORD or the password file.")
    void setPassfile(String value) {
        give(SourceOption.PASSFILE, value, "--passfile");
    }

    @Option(names = "--id", paramLabel = "ID", description = "The source's id in logs and output. Default: drasi-pg.")
    void setId(String value) {
        give(SourceOption.ID, value, "--id");
    }

    @Option(
            names = {"-t", "--tables"},
            paramLabel = "TABLES",
            description = "Tables to stream, e.g. users,sales.orders. Default: all of the publication.")
    private final List<String> tables = new ArrayList<>();

    @Option(
            names = {"-S", "--slot-name", "--slot"},
            paramLabel = "NAME",
            description = "Replication slot, created if it does not exist. Default: drasi_slot.")
    void setSlotName(String value) {
        give(SourceOption.SLOT_NAME, value, "--slot-name");
    }

    @Option(
            names = "--failover-slot",
            description = "Have the server's standbys keep the slot up, to go on after a promotion (PostgreSQL 17+).")
    void setFailoverSlot(boolean value) {
        give(SourceOption.FAILOVER_SLOT, Boolean.toString(value), "--failover-slot");
    }

    @Option(
            names = {"-P", "--publication-name", "--publication"},
            paramLabel = "NAME",
            description = "Default: drasi_publication.")
    void setPublicationName(String value) {
        give(SourceOption.PUBLICATION_NAME, value, "--publication-name");
    }

    @Option(
            names = "--create-publication",
            description = "Create the publication if it does not exist, for the tables, and keep it to them.")
    void setCreatePublication(boolean value) {
        give(SourceOption.CREATE_PUBLICATION, Boolean.toString(value), "--create-publication");
    }

    @Option(
            names = "--slot-held",
            paramLabel = "CHOICE",
            description = "When another process has the slot: wait, or fail. Default: wait.")
    void setSlotHeld(String value) {
        give(SourceOption.SLOT_HELD, value, "--slot-held");
    }

    @Option(
            names = "--on-position-lost",
            paramLabel = "CHOICE",
            description = "When the slot is dropped or invalidated: fail, or bootstrap again. Default: fail.")
    void setOnPositionLost(String value) {
        give(SourceOption.ON_POSITION_LOST, value, "--on-position-lost");
    }

    @Option(
            names = "--retention-warning",
            paramLabel = "SIZE",
            description = "Warn when the server keeps so much log for the slot: 500MB, 10GB; 0: never. Default: 10GB.")
    void setRetentionWarning(String value) {
        give(SourceOption.RETENTION_WARNING, value, "--retention-warning");
    }

    @Option(
            names = "--max-transaction-memory",
            paramLabel = "SIZE",
            description =
                    "Memory that a transaction may take; the rest goes to a file. Default: 64MB, at most an eighth of the heap.")
    void setMaxTransactionMemory(String value) {
        give(SourceOption.MAX_TRANSACTION_MEMORY, value, "--max-transaction-memory");
    }

    @Option(
            names = "--temp-dir",
            paramLabel = "DIR",
            description = "Directory for the files of large transactions. Default: that of the system.")
    void setTempDir(String value) {
        give(SourceOption.TEMP_DIR, value, "--temp-dir");
    }

    @Option(
            names = "--streaming",
            paramLabel = "MODE",
            description =
                    "Whether the server sends large transactions before they have ended: off, on, parallel. Default: on.")
    void setStreaming(String value) {
        give(SourceOption.STREAMING, value, "--streaming");
    }

    @Option(
            names = "--two-phase",
            description = "Tell of transactions when they are prepared for a two-phase commit, too. PostgreSQL 15 or later.")
    void setTwoPhase(boolean value) {
        give(SourceOption.TWO_PHASE, Boolean.toString(value), "--two-phase");
    }

    @Option(
            names = "--table-key",
            paramLabel = "TABLE=COLUMNS",
            description = "Key columns of a table in place of its primary key, e.g. users=user_id,other. Repeatable.")
    private final List<String> tableKeys = new ArrayList<>();

    @Option(names = "--dispatch-mode", paramLabel = "MODE", description = "channel or broadcast. Default: channel.")
    void setDispatchMode(String value) {
        give(SourceOption.DISPATCH_MODE, value, "--dispatch-mode");
    }

    @Option(
            names = "--dispatch-buffer-capacity",
            paramLabel = "EVENTS",
            description = "Events that may wait to be printed. Default: 1000.")
    void setDispatchBufferCapacity(String value) {
        give(SourceOption.DISPATCH_BUFFER_CAPACITY, value, "--dispatch-buffer-capacity");
    }

    @Option(
            names = "--bootstrap-batch-size",
            paramLabel = "ROWS",
            description = "Rows of the snapshot that are read at a time. Default: 1000.")
    void setBootstrapBatchSize(String value) {
        give(SourceOption.BOOTSTRAP_BATCH_SIZE, value, "--bootstrap-batch-size");
    }

    @Option(
            names = "--bootstrap-parallelism",
            paramLabel = "CONNECTIONS",
            description = "Connections that read the snapshot at a time. Default: 2.")
    void setBootstrapParallelism(String value) {
        give(SourceOption.BOOTSTRAP_PARALLELISM, value, "--bootstrap-parallelism");
    }

    @Option(
            names = "--peer-timeout",
            paramLabel = "TIME",
            description = "A server that is silent for so long counts as dead. Default: 60s.")
    void setPeerTimeout(String value) {
        give(SourceOption.PEER_TIMEOUT, value, "--peer-timeout");
    }

    @Option(
            names = {"-s", "--status-interval"},
            paramLabel = "TIME",
            description = "How often the server is told the position. Default: 10s.")
    void setStatusInterval(String value) {
        give(SourceOption.STATUS_INTERVAL, value, "--status-interval");
    }

    @Option(
            names = "--invalid-text",
            paramLabel = "CHOICE",
            description = "A text that is not UTF-8, in a database in SQL_ASCII: error, or bytes. Default: error.")
    void setInvalidText(String value) {
        give(SourceOption.INVALID_TEXT, value, "--invalid-text");
    }

    @Option(
            names = "--row-format",
            paramLabel = "FORMAT",
            description = "The format in which rows are asked for: auto, text or binary. Default: auto.")
    void setRowFormat(String value) {
        give(SourceOption.ROW_FORMAT, value, "--row-format");
    }

    @Option(
            names = "--allow-cleartext-password",
            description = "Send the password in clear text over an unencrypted network if the server asks for it.")
    void setAllowCleartextPassword(boolean value) {
        give(SourceOption.ALLOW_CLEARTEXT_PASSWORD, Boolean.toString(value), "--allow-cleartext-password");
    }

    @Option(
            names = "--bootstrap",
            negatable = true,
            description = "Print the rows that exist before the changes. Default: only if the slot is new.")
    void setBootstrap(boolean value) {
        give(SourceOption.BOOTSTRAP, Boolean.toString(value), "--bootstrap");
    }

    @Option(
            names = "--state-dir",
            paramLabel = "DIR",
            description = "Keep the position up to which was printed in a file there, and go on from it. Default: the"
                    + " server's alone.")
    void setStateDir(String value) {
        give(SourceOption.STATE_DIR, value, "--state-dir");
    }

    private void give(SourceOption option, String value, String origin) {
        given = given.with(option, value, origin);
    }

    /**
     * The options of each source, from all places.
     *
     * @throws OptionException if one cannot be used
     */
    List<SourceOptions> read(Map<String, String> environment) {
        SourceOptions upper = commandLine();
        SourceOptions lower = SourceOptions.ofEnvironment(environment);
        List<SourceOptions> middle = config == null ? List.of(SourceOptions.none()) : ConfigFile.read(config);
        if (middle.size() > 1) {
            requireNothingOfOneSource(upper);
        }
        return middle.stream().map(source -> upper.over(source).over(lower)).toList();
    }

    private SourceOptions commandLine() {
        if (databases.size() > 1) {
            throw new OptionException("the database is given twice");
        }
        List<String> names = tables.stream()
                .flatMap(text -> TableKeyText.names(text).stream())
                .toList();
        if (!names.isEmpty()) {
            given = given.withTables(names);
        }
        if (!tableKeys.isEmpty()) {
            given = given.withTableKeys(
                    tableKeys.stream().map(TableKeyText::parse).toList());
        }
        if (databases.isEmpty()) {
            return given;
        }
        String database = databases.get(0);
        // As in libpq: what a connection string says counts more than an option beside it.
        return ConnectionString.recognises(database)
                ? SourceOptions.ofConnectionString(database).over(given)
                : given.with(SourceOption.DATABASE, database, "--dbname");
    }

    private static void requireNothingOfOneSource(SourceOptions upper) {
        if (upper.has(SourceOption.ID)
                || upper.has(SourceOption.SLOT_NAME)
                || upper.tables().isPresent()
                || upper.tableKeys().isPresent()) {
            throw new OptionException(
                    "--id, --slot-name, --tables and --table-key are for one source, but the configuration file has several");
        }
    }
}
