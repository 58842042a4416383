// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg;

import ch.qos.logback.classic.Level;
import io.drasi.model.PositionStore;
import io.drasi.pg.options.SourceConfigurations;
import io.drasi.pg.options.SourceOptions;
import io.drasi.pg.process.ExitCode;
import io.drasi.source.postgres.Deprovisioned;
import io.drasi.source.postgres.PostgresReplicationSource;
import io.drasi.source.postgres.config.PostgresSourceConfig;
import io.drasi.source.postgres.config.ServerAddress;
import io.drasi.source.postgres.error.SetupException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code drasi-pg drop-slot}. */
@Command(
        name = "drop-slot",
        sortOptions = false,
        description = {
            "Drops the replication slot, so that the server keeps no log for it, the publication if --create-publication made it, and the position in --state-dir.",
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
        List<SourceOptions> options = sources.read(System.getenv());
        List<PostgresSourceConfig> configs = new ArrayList<>();
        for (SourceOptions source : options) {
            configs.add(StreamCommand.configurations().configuration(source));
        }
        SourceConfigurations.requireDistinct(configs);
        try (StateDirectories states = new StateDirectories()) {
            for (int i = 0; i < configs.size(); i++) {
                PostgresSourceConfig config = configs.get(i);
                drop(
                        config,
                        SourceConfigurations.stateDirectory(options.get(i))
                                .map(directory -> states.open(directory, config.id())));
            }
        }
        return ExitCode.OK.number();
    }

    private static void drop(PostgresSourceConfig config, Optional<PositionStore> store) {
        try (PostgresReplicationSource source = StreamCommand.sourceOf(config, store)) {
            Deprovisioned dropped = source.deprovision();
            if (dropped.slot()) {
                System.out.println("dropped replication slot " + config.slotName());
            }
            if (dropped.publication()) {
                System.out.println("dropped publication " + config.publicationName());
            }
            if (!dropped.slot()) {
                throw new SetupException(
                        "there is no replication slot \"" + config.slotName() + "\" on the server at "
                                + config.servers().stream()
                                        .map(ServerAddress::toString)
                                        .collect(Collectors.joining(", ")),
                        "Those that there are: SELECT slot_name, plugin, database, active FROM pg_replication_slots;",
                        null);
            }
            store.ifPresent(positions -> positions.remove(StreamCommand.NAME));
        }
    }
}
