// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg;

import ch.qos.logback.classic.Level;
import io.drasi.model.PositionStore;
import io.drasi.model.Subscription;
import io.drasi.model.SubscriptionSettings;
import io.drasi.pg.options.OptionException;
import io.drasi.pg.options.SourceConfigurations;
import io.drasi.pg.options.SourceOptions;
import io.drasi.pg.output.CountedOutput;
import io.drasi.pg.output.JsonLines;
import io.drasi.pg.process.ExitCode;
import io.drasi.pg.process.StopRequest;
import io.drasi.pg.stream.EndPosition;
import io.drasi.pg.stream.StreamRun;
import io.drasi.pg.stream.StreamedSource;
import io.drasi.postgres.protocol.wire.Lsn;
import io.drasi.source.postgres.PostgresReplicationSource;
import io.drasi.source.postgres.config.PostgresSourceConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code drasi-pg stream}. */
@Command(
        name = "stream",
        sortOptions = false,
        description = {
            "Prints the row changes of a database as JSON lines on standard output; logs go to standard error.",
            "With a new slot the rows that exist come first. What was printed is confirmed to the server: the next run goes on from there.",
            ""
        })
final class StreamCommand implements LoggingCommand {
    private static final Logger LOG = LoggerFactory.getLogger(StreamCommand.class);
    /** The query's, by which the position is kept. */
    static final String NAME = "drasi-pg";

    private final StopRequest stop;

    @Mixin
    private SourceArguments sources = new SourceArguments();

    @Option(
            names = {"-E", "--endpos"},
            paramLabel = "LSN",
            description =
                    "End when everything up to this position is printed; now: the server's position at the start.")
    private @Nullable String endpos;

    @Option(
            names = {"-n", "--no-loop"},
            description = "End at the first failure instead of trying again.")
    private boolean noLoop;

    @Mixin
    private LogArguments log = new LogArguments();

    StreamCommand(StopRequest stop) {
        this.stop = stop;
    }

    @Override
    public LogArguments log() {
        return log;
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        log.apply(Level.INFO);
        List<SourceOptions> options = sources.read(System.getenv());
        List<PostgresSourceConfig> configs = new ArrayList<>();
        for (SourceOptions source : options) {
            configs.add(configurations().configuration(source));
        }
        check(configs);
        CountedOutput output = CountedOutput.standardOutput();
        try (StateDirectories states = new StateDirectories()) {
            List<StreamedSource> streamed = new ArrayList<>();
            for (int i = 0; i < configs.size(); i++) {
                if (configs.get(i).autoStart()) {
                    streamed.add(prepare(configs.get(i), options.get(i), states, output, configs.size() > 1));
                } else {
                    LOG.warn(
                            "{} is not started: its auto_start is false",
                            configs.get(i).id());
                }
            }
            if (!stop.requested()) {
                new StreamRun(output, stop, !noLoop).run(streamed);
            }
        }
        return ExitCode.OK.number();
    }

    static SourceConfigurations configurations() {
        return new SourceConfigurations(
                System.getProperty("user.name"), Path.of(System.getProperty("user.home")), LOG::warn);
    }

    private void check(List<PostgresSourceConfig> configs) {
        SourceConfigurations.requireDistinct(configs);
        if (configs.stream().noneMatch(PostgresSourceConfig::autoStart)) {
            throw new OptionException("there is nothing to run: auto_start is false");
        }
        if (configs.size() > 1 && endpos != null && !endpos.equals("now")) {
            throw new OptionException("--endpos with a position is for one source; for several there is --endpos now");
        }
    }

    private StreamedSource prepare(
            PostgresSourceConfig config,
            SourceOptions options,
            StateDirectories states,
            CountedOutput output,
            boolean severalSources)
            throws IOException {
        Optional<Boolean> wantsBootstrap = SourceConfigurations.bootstrap(options);
        Optional<PositionStore> store =
                SourceConfigurations.stateDirectory(options).map(directory -> states.open(directory, config.id()));
        if (wantsBootstrap.orElse(false)) {
            store.ifPresent(positions -> positions.remove(NAME));
        }
        boolean goesOn = store.flatMap(positions -> positions.load(NAME)).isPresent();
        PostgresReplicationSource source = sourceOf(config, store);
        // Asked in any case: a server that cannot be reached now is more likely a wrong option than one that is down.
        boolean slotExists = source.slotExists();
        boolean bootstrap = wantsBootstrap.orElse(goesOn || !slotExists);
        Optional<Lsn> end = endPosition(source);
        SubscriptionSettings all = SubscriptionSettings.forQuery(NAME);
        SubscriptionSettings settings = config.twoPhase() ? all.withPrepared() : all;
        Subscription subscription = source.subscribe(bootstrap ? settings.withBootstrap() : settings);
        return new StreamedSource(
                source,
                subscription,
                bootstrap && !goesOn,
                new JsonLines(output, severalSources ? Optional.of(config.id()) : Optional.empty()),
                end.map(lsn -> new EndPosition(lsn, source::handedOverLsn)));
    }

    static PostgresReplicationSource sourceOf(PostgresSourceConfig config, Optional<PositionStore> store) {
        try {
            return store.map(positions -> new PostgresReplicationSource(config, positions))
                    .orElseGet(() -> new PostgresReplicationSource(config));
        } catch (IllegalArgumentException e) {
            throw new OptionException(String.valueOf(e.getMessage()), e);
        }
    }

    private Optional<Lsn> endPosition(PostgresReplicationSource source) {
        if (endpos == null) {
            return Optional.empty();
        }
        if (endpos.equals("now")) {
            return Optional.of(source.serverLsn());
        }
        try {
            return Optional.of(Lsn.parse(endpos));
        } catch (IllegalArgumentException e) {
            throw new OptionException("--endpos must be a position such as 0/16B3748, or now, was '" + endpos + "'", e);
        }
    }
}
