// SPDX-License-Identifier: Apache-2.0
package io.drasi.testkit;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.compressors.xz.XZCompressorInputStream;

/** The programs of one PostgreSQL version: unpacked once into the {@link Cache}, or where the host has them. */
final class Installation {
    private final Path root;

    private Installation(Path root) {
        this.root = root;
    }

    static Installation of(PostgresVersion version) {
        Path programs = version.programs();
        return new Installation(
                Files.isDirectory(programs)
                        ? programs
                        : Cache.directory("postgres-" + version.release(), target -> unpack(programs, target)));
    }

    /** The path of {@code postgres}, {@code initdb} or {@code pg_ctl}. */
    Path program(String name) {
        return program(root, name);
    }

    static Path program(Path root, String name) {
        return root.resolve("bin").resolve(name);
    }

    private static void unpack(Path jar, Path target) throws IOException {
        try (ZipFile zip = new ZipFile(jar.toFile())) {
            ZipEntry packed = zip.stream()
                    .filter(entry -> entry.getName().endsWith(".txz"))
                    .map(ZipEntry.class::cast)
                    .findFirst()
                    .orElseThrow(() -> new IOException("no .txz in " + jar));
            try (InputStream compressed = new BufferedInputStream(zip.getInputStream(packed));
                    TarArchiveInputStream tar = new TarArchiveInputStream(new XZCompressorInputStream(compressed))) {
                unpack(tar, target);
            }
        }
    }

    private static void unpack(TarArchiveInputStream tar, Path target) throws IOException {
        for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
            Path path = target.resolve(entry.getName()).normalize();
            if (!path.startsWith(target)) {
                throw new IOException("the archive has an entry outside of itself: " + entry.getName());
            }
            if (entry.isDirectory()) {
                Files.createDirectories(path);
            } else {
                Files.createDirectories(path.resolveSibling(""));
                unpackFile(tar, entry, path);
            }
        }
    }

    private static void unpackFile(TarArchiveInputStream tar, TarArchiveEntry entry, Path path) throws IOException {
        if (entry.isSymbolicLink()) {
            Files.createSymbolicLink(path, Path.of(entry.getLinkName()));
        } else {
            Files.copy(tar, path);
            boolean executable = (entry.getMode() & 0111) != 0;
            Files.setPosixFilePermissions(
                    path, PosixFilePermissions.fromString(executable ? "rwxr-xr-x" : "rw-r--r--"));
        }
    }
}
