// SPDX-License-Identifier: Apache-2.0
package io.drasi.testkit;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Initialized data directories, made once per version and options: a copy of one is there ten times faster. */
final class DataTemplate {
    /** The role as which the testkit itself logs in, so that tests can shut everybody else out. */
    static final String ADMINISTRATOR = "drasi_testkit";

    /** To be counted up when {@link #initialize} changes, so that it doesn't find the templates of its predecessor. */
    private static final int FORM = 1;

    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final String PREFERRED_LOCALE = "C.UTF-8";

    private DataTemplate() {}

    /**
     * Fills {@code data}, which must not exist yet.
     *
     * @param locale empty for C.UTF-8 or, on a host without it, C
     */
    static void copyTo(Path data, PostgresVersion version, String locale, List<String> initdbArguments) {
        Installation installation = Installation.of(version);
        // Another build of the same release: its initdb may write other settings and locales.
        String build = Files.isDirectory(version.programs()) ? "-installed" : "";
        String name = "data-" + version.release() + build + "-"
                + Integer.toHexString(List.of(
                                FORM,
                                locale,
                                initdbArguments,
                                ServerAccount.current().name())
                        .hashCode());
        Path template =
                Cache.directory(name, directory -> initialize(directory, installation, locale, initdbArguments));
        Directories.copy(template, data);
    }

    private static void initialize(Path data, Installation installation, String locale, List<String> arguments)
            throws IOException {
        if (!locale.isEmpty()) {
            initdb(data, installation, locale, arguments).requireSuccess();
        } else {
            Proc.Result preferred = initdb(data, installation, PREFERRED_LOCALE, arguments);
            if (preferred.exitCode() != 0 && preferred.stderr().contains("locale")) {
                initdb(data, installation, "C", arguments).requireSuccess();
            } else {
                preferred.requireSuccess();
            }
        }
        createAdministrator(data, installation);
        Files.writeString(
                data.resolve("postgresql.conf"),
                Files.readString(data.resolve("postgresql.conf")) + "\ninclude '" + ServerSettings.FILE + "'\n");
    }

    private static Proc.Result initdb(Path data, Installation installation, String locale, List<String> more) {
        ServerAccount.current().own(data);
        List<String> arguments = new ArrayList<>(List.of(
                "-D", data.toString(), "-U", PostgresServer.SUPERUSER, "--auth=trust", "--encoding=UTF8", "--no-sync"));
        arguments.add("--locale=" + locale);
        arguments.addAll(more);
        return run(installation, "initdb", arguments, "");
    }

    private static void createAdministrator(Path data, Installation installation) {
        List<String> arguments = List.of("--single", "-D", data.toString(), "-c", "fsync=off", "postgres");
        run(installation, "postgres", arguments, "CREATE ROLE " + ADMINISTRATOR + " SUPERUSER LOGIN REPLICATION\n")
                .requireSuccess();
    }

    static Proc.Result run(Installation installation, String program, List<String> arguments, String stdin) {
        return Proc.of(ServerAccount.current().command(installation.program(program), arguments))
                .unsetEnvironment(name -> name.startsWith("PG"))
                .directory(Path.of("/"))
                .run(stdin, PATIENCE);
    }
}
