// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg;

import ch.qos.logback.classic.Level;
import io.drasi.pg.options.SourceConfigurations;
import io.drasi.pg.options.SourceOptions;
import io.drasi.pg.process.ExitCode;
import io.drasi.source.postgres.Deprovisioned;
import io.drasi.source.postgres.PostgresReplicationSource;
import io.drasi.source.postgres.config.PostgresSourceConfig;
import io.drasi.source.postgres.error.SetupException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code drasi-pg drop-slot}. */
@Command(
        name = "drop-slot",
        sortOptions = false,
        description = {
            "Drops the replication slot, so that the server keeps no log for it, and the publication if --create-publication made it.",
            "Changes that were not printed are lost. Takes the options of stream; with a configuration file all of its slots are dropped.",
            ""
        })
final class DropSlotCommand implements LoggingCommand {
    @Mixin
    private SourceArguments sources = new SourceArguments();

    @Mixin
    private LogArguments log = new LogArguments();

    @Override
    public LogArguments log() {
        return log;
    }

    @Override
    public Integer call() {
        log.apply(Level.WARN);
        List<PostgresSourceConfig> configs = new ArrayList<>();
        for (SourceOptions options : sources.read(System.getenv())) {
            configs.add(StreamCommand.configurations().configuration(options));
        }
        SourceConfigurations.requireDistinct(configs);
        configs.forEach(DropSlotCommand::drop);
        return ExitCode.OK.number();
    }

    private static void drop(PostgresSourceConfig config) {
        try (PostgresReplicationSource source = StreamCommand.sourceOf(config, Optional.empty())) {
            Deprovisioned dropped = source.deprovision();
            if (dropped.slot()) {
                System.out.println("dropped replication slot " + config.slotName());
            }
            if (dropped.publication()) {
                System.out.println("dropped publication " + config.publicationName());
            }
            if (!dropped.slot()) {
                throw new SetupException(
                        "there is no replication slot \"" + config.slotName() + "\" on the server at " + config.host()
                                + ":" + config.port(),
                        "Those that there are: SELECT slot_name, plugin, database, active FROM pg_replication_slots;",
                        null);
            }
        }
    }
}
