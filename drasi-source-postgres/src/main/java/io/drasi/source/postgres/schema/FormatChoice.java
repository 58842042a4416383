// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.schema;

import io.drasi.postgres.client.PostgresConnection;
import io.drasi.source.postgres.config.InvalidText;
import io.drasi.source.postgres.config.PostgresSourceConfig;
import io.drasi.source.postgres.config.RowFormat;
import io.drasi.source.postgres.error.BinaryFormatException;
import io.drasi.source.postgres.error.SetupException;
import io.drasi.source.postgres.types.DatabaseTypes;
import io.drasi.source.postgres.types.binary.BinaryTypes;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which format rows are read in: chosen at the begin of each session by what is published then, and given up for text, for as
 * long as the source runs, once something comes that has no binary form to rely on. Used by the source's thread.
 */
public final class FormatChoice {
    private static final Logger LOG = LoggerFactory.getLogger(FormatChoice.class);
    private static final int FIRST_WITH_BINARY = 140_000;
    /** The send function of hstore tells the lengths before the conversion to UTF8. */
    private static final String ENCODING = "UTF8";

    private static final int SHOWN_COLUMNS = 5;

    private final PostgresSourceConfig config;
    private final DatabaseTypes types;
    private boolean givenUp;
    private boolean binary;

    public FormatChoice(PostgresSourceConfig config, DatabaseTypes types) {
        this.config = config;
        this.types = types;
    }

    /** Whether rows are to be asked for in binary format. */
    public boolean binary() {
        return binary;
    }

    /**
     * Chooses for a new session; learns of the published types for that.
     *
     * @throws SetupException if binary format is demanded and can't be had
     */
    public void choose(PostgresConnection connection) {
        binary = false;
        types.serverVersion(connection.serverVersionNumber());
        if (config.rowFormat() == RowFormat.TEXT || config.invalidText() == InvalidText.BYTES || givenUp) {
            return;
        }
        Optional<String> obstacle = obstacle(connection);
        if (obstacle.isPresent() && config.rowFormat() == RowFormat.BINARY) {
            throw demanded(obstacle.get());
        }
        binary = obstacle.isEmpty();
        LOG.info(
                "source '{}': rows are read in {} format{}",
                config.id(),
                binary ? "binary" : "text",
                obstacle.map(why -> ": " + why).orElse(""));
    }

    /**
     * Makes sure that a table's rows can be read in the format of the session.
     *
     * @param catalog is asked for the name of the type of a column that can't
     * @throws BinaryFormatException if the session reads binary format, which does not do for the table
     */
    public void require(TableShape shape, Catalog catalog) {
        if (!binary) {
            return;
        }
        for (int i = 0; i < shape.columns().size(); i++) {
            if (shape.binaryCodec(i) == null) {
                throw new BinaryFormatException(
                        "column " + shape.names().get(i) + " of table " + shape.label() + " has type "
                                + catalog.typeName(shape.columns().get(i))
                                + ", whose binary form is not known, or says less than its text");
            }
        }
    }

    /**
     * From now on rows are asked for in text.
     *
     * @throws SetupException if binary format is demanded
     */
    public void giveUp(BinaryFormatException why) {
        if (config.rowFormat() == RowFormat.BINARY) {
            throw demanded(why.problem());
        }
        givenUp = true;
    }

    private static SetupException demanded(String obstacle) {
        return new SetupException("row_format is binary, but " + obstacle, "Set row_format to auto or text.", null);
    }

    private Optional<String> obstacle(PostgresConnection connection) {
        if (connection.serverVersionNumber() < FIRST_WITH_BINARY) {
            return Optional.of("PostgreSQL sends rows in binary format from version 14 on, and the server is "
                    + connection.parameter("server_version").orElse("older"));
        }
        Optional<String> encoding = connection.parameter("server_encoding");
        if (!encoding.equals(Optional.of(ENCODING))) {
            return Optional.of("the database is in encoding " + encoding.orElse("?") + ", not in " + ENCODING);
        }
        Catalog catalog = new Catalog(connection::query, connection.serverVersionNumber());
        Set<Long> published = catalog.publishedTypes(config.publicationName());
        types.learn(catalog.types(published));
        BinaryTypes binaryTypes = new BinaryTypes(types);
        Set<Long> without =
                published.stream().filter(oid -> binaryTypes.codec(oid) == null).collect(Collectors.toSet());
        if (without.isEmpty()) {
            return Optional.empty();
        }
        List<String> columns = catalog.publishedColumns(config.publicationName(), without, SHOWN_COLUMNS + 1);
        return Optional.of("these columns have a type whose binary form is not known, or says less than its text: "
                + columns.stream().limit(SHOWN_COLUMNS).collect(Collectors.joining(", "))
                + (columns.size() > SHOWN_COLUMNS ? ", …" : ""));
    }
}
