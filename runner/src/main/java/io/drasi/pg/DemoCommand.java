// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg;

import ch.qos.logback.classic.Level;
import io.drasi.model.SubscriptionSettings;
import io.drasi.pg.demo.DemoServer;
import io.drasi.pg.demo.ReadableEvents;
import io.drasi.pg.demo.ShopSchema;
import io.drasi.pg.demo.ShopWorkload;
import io.drasi.pg.options.DurationText;
import io.drasi.pg.options.OptionException;
import io.drasi.pg.output.CountedOutput;
import io.drasi.pg.process.ExitCode;
import io.drasi.pg.process.StopRequest;
import io.drasi.pg.stream.StreamRun;
import io.drasi.pg.stream.StreamedSource;
import io.drasi.source.postgres.PostgresReplicationSource;
import java.sql.Connection;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code drasi-pg demo}. */
@Command(
        name = "demo",
        description = {
            "Starts a PostgreSQL server of its own with a small shop at work in it, and prints what the source sees:"
                    + " first the rows that exist, then each transaction with its changes.",
            "Ends on Ctrl-C, or by itself with --for, and leaves nothing behind.",
            ""
        })
final class DemoCommand implements LoggingCommand {
    private static final Duration PAUSE = Duration.ofMillis(250);
    private static final String NAME = "drasi-pg";

    private final StopRequest stop;

    @Option(
            names = "--for",
            paramLabel = "TIME",
            description = "End after so long, counted from the first change: 500ms, 15s, 2m. Default: on Ctrl-C.")
    private @Nullable String duration;

    @Option(
            names = "--color",
            paramLabel = "WHEN",
            defaultValue = "auto",
            description = "always, never, or auto: on a terminal, unless NO_COLOR is set. Default: auto.")
    private String color = "auto";

    @Mixin
    private LogArguments log = new LogArguments();

    DemoCommand(StopRequest stop) {
        this.stop = stop;
    }

    @Override
    public LogArguments log() {
        return log;
    }

    @Override
    public Integer call() throws Exception {
        log.apply(Level.WARN);
        Optional<Duration> length = length();
        boolean coloured = coloured();
        System.err.println("Starting a PostgreSQL server …");
        try (DemoServer server = DemoServer.start(stop::setLastResort)) {
            if (!stop.requested()) {
                stream(server, length, coloured);
            }
        } catch (DemoServer.StartException e) {
            // Ctrl-C reaches the server's own start-up programs too, which then fail.
            if (!stop.requested()) {
                throw e;
            }
        }
        return ExitCode.OK.number();
    }

    private void stream(DemoServer server, Optional<Duration> length, boolean coloured) throws Exception {
        try (Connection connection = server.connect()) {
            ShopSchema.create(connection);
        }
        CountedOutput output = CountedOutput.standardOutput();
        try (ShopWorkload workload = new ShopWorkload(server.connect(), PAUSE, stop::request)) {
            ReadableEvents events = new ReadableEvents(output, coloured, () -> begin(workload, length));
            PostgresReplicationSource source = PostgresReplicationSource.builder("shop")
                    .withHost(server.host())
                    .withPort(server.port())
                    .withDatabase(server.database())
                    .withUser(server.user())
                    .withPublicationName(ShopSchema.PUBLICATION)
                    .build();
            StreamedSource streamed = new StreamedSource(
                    source,
                    source.subscribe(SubscriptionSettings.forQuery(NAME).withBootstrap()),
                    true,
                    events,
                    Optional.empty());
            new StreamRun(output, stop, true).run(List.of(streamed));
            System.err.println(events.summary());
            if (workload.failure().isPresent()) {
                throw workload.failure().get();
            }
        }
    }

    private void begin(ShopWorkload workload, Optional<Duration> length) {
        workload.start();
        length.ifPresent(time -> {
            Thread timer = new Thread(() -> endAfter(time), "drasi-pg-timer");
            timer.setDaemon(true);
            timer.start();
        });
    }

    private void endAfter(Duration time) {
        try {
            stop.await(time);
            stop.request();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private Optional<Duration> length() {
        try {
            return Optional.ofNullable(duration).map(DurationText::parse);
        } catch (IllegalArgumentException e) {
            throw new OptionException("--for must be " + e.getMessage() + ", was '" + duration + "'", e);
        }
    }

    private boolean coloured() {
        return switch (color) {
            case "always" -> true;
            case "never" -> false;
            case "auto" -> Help.Ansi.AUTO.enabled();
            default -> throw new OptionException("--color must be auto, always or never, was '" + color + "'");
        };
    }
}
