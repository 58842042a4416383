// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg;

import io.drasi.pg.options.OptionException;
import io.drasi.pg.process.ExitCode;
import io.drasi.pg.process.StopRequest;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.Spec;
import picocli.CommandLine.UnmatchedArgumentException;

/** The top of the command line. */
@Command(
        name = "drasi-pg",
        description = "Streams the row changes of a PostgreSQL database, transaction by transaction.",
        versionProvider = DrasiPg.Version.class,
        footer = {
            "",
            "drasi-pg demo                shows it at work, with its own PostgreSQL server",
            "drasi-pg stream -d shop      prints the changes of a database as JSON lines",
            "drasi-pg drop-slot -d shop   removes what stream has made on the server",
            "drasi-pg <command> --help    has the options and exit codes"
        })
final class DrasiPg implements Runnable {
    @Option(
            names = {"--help"},
            usageHelp = true,
            scope = CommandLine.ScopeType.INHERIT,
            description = "Show this help.")
    @SuppressWarnings("UnusedVariable") // picocli reads it
    private boolean help;

    @Option(names = "--version", versionHelp = true, description = "Show the version.")
    @SuppressWarnings("UnusedVariable") // picocli reads it
    private boolean version;

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    static CommandLine commandLine(StopRequest stop) {
        CommandLine commandLine = new CommandLine(new DrasiPg())
                .addSubcommand(new DemoCommand(stop))
                .addSubcommand(new StreamCommand(stop))
                .addSubcommand(new DropSlotCommand());
        Map<String, String> exitCodes = new LinkedHashMap<>();
        Arrays.stream(ExitCode.values())
                .forEach(code -> exitCodes.put(Integer.toString(code.number()), code.meaning()));
        commandLine
                .getSubcommands()
                .values()
                .forEach(command -> command.getCommandSpec()
                        .usageMessage()
                        .exitCodeListHeading("%nExit codes:%n")
                        .exitCodeList(exitCodes));
        commandLine.setUsageHelpAutoWidth(true);
        commandLine.setParameterExceptionHandler(DrasiPg::onWrongArguments);
        commandLine.setExecutionExceptionHandler((failure, command, parsed) -> {
            if (failure instanceof OptionException) {
                return onWrongArguments(
                        new ParameterException(command, String.valueOf(failure.getMessage())), new String[0]);
            }
            return report(failure, command);
        });
        commandLine.setExecutionStrategy(DrasiPg::runLast);
        return commandLine;
    }

    /** picocli hands only exceptions to its handler; an Error would leave the process without a word of ours. */
    private static int runLast(ParseResult parsed) {
        try {
            return new CommandLine.RunLast().execute(parsed);
        } catch (Error e) {
            return report(
                    e, parsed.asCommandLineList().get(parsed.asCommandLineList().size() - 1));
        }
    }

    private static int report(Throwable failure, CommandLine command) {
        boolean stackTraces = command.getCommand() instanceof LoggingCommand logging
                && logging.log().stackTraces();
        return FailureReport.of(failure).print(System.err, stackTraces);
    }

    private static int onWrongArguments(ParameterException failure, String[] arguments) {
        System.err.println("drasi-pg: " + messageOf(failure));
        System.err.println("Try '" + failure.getCommandLine().getCommandSpec().qualifiedName() + " --help'.");
        return ExitCode.USAGE.number();
    }

    /** Of an option that there is not, the name alone: {@code --password=…} must not be printed. */
    private static String messageOf(ParameterException failure) {
        if (failure instanceof UnmatchedArgumentException unmatched) {
            Optional<String> option = unmatched.getUnmatched().stream()
                    .filter(argument -> argument.startsWith("-"))
                    .findFirst();
            if (option.isPresent()) {
                return "there is no option " + nameOf(option.get());
            }
        }
        return String.valueOf(failure.getMessage());
    }

    /** {@code --name} of {@code --name=value}, {@code -n} of {@code -nvalue}. */
    private static String nameOf(String option) {
        if (!option.startsWith("--")) {
            return option.substring(0, Math.min(2, option.length()));
        }
        int equals = option.indexOf('=');
        return equals < 0 ? option : option.substring(0, equals);
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "say what to do: demo, stream or drop-slot");
    }

    /** The version that the build has put into the jar. */
    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            String version = DrasiPg.class.getPackage().getImplementationVersion();
            return new String[] {"drasi-pg " + (version == null ? "(not packaged)" : version)};
        }
    }
}
