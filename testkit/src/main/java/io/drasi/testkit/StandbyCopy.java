// SPDX-License-Identifier: Apache-2.0
package io.drasi.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * The data directory of a standby: a base backup of a running server, made as the documentation's section "Making a
 * Non-Exclusive Low-Level Backup" has it, since the server programs at hand have no pg_basebackup. The log comes by streaming,
 * from a physical slot that is made before.
 */
final class StandbyCopy {
    private static final int FIRST_WITH_SIGNAL_FILE = 12;
    private static final int FIRST_WITH_BACKUP_START = 15;
    /** What a base backup leaves out; of the directories only what is in them. */
    private static final Set<String> LEFT_OUT_FILES = Set.of("postmaster.pid", "postmaster.opts", "pg_internal.init");

    private static final Set<String> LEFT_OUT_CONTENTS = Set.of(
            "pg_wal",
            "pg_replslot",
            "pg_dynshmem",
            "pg_notify",
            "pg_serial",
            "pg_snapshots",
            "pg_stat_tmp",
            "pg_subtrans",
            "pgsql_tmp");

    private final PostgresServer primary;
    private final Path target;
    private final int major;

    private StandbyCopy(PostgresServer primary, Path target) {
        this.primary = primary;
        this.target = target;
        this.major = primary.version().major();
    }

    /**
     * Fills {@code data}, which must not exist yet, and makes the slot on the primary.
     *
     * @param slot also the name by which the standby is known to the primary
     * @return the settings with which the server becomes a standby
     */
    static Map<String, String> make(PostgresServer primary, Path data, String slot) {
        StandbyCopy copy = new StandbyCopy(primary, data);
        primary.queryOne("SELECT slot_name FROM pg_create_physical_replication_slot('" + slot + "', true)");
        copy.backUp();
        ServerAccount.current().own(data);
        return copy.settings(slot);
    }

    private void backUp() {
        boolean renamed = major >= FIRST_WITH_BACKUP_START;
        try (Connection session = primary.connect(PostgresServer.SUPERUSER);
                Statement statement = session.createStatement()) {
            statement.execute(
                    renamed
                            ? "SELECT pg_backup_start('standby', true)"
                            : "SELECT pg_start_backup('standby', true, false)");
            Files.walkFileTree(primary.dataDirectory(), new Copying());
            // Without an archive there is nothing to wait for.
            try (ResultSet label = statement.executeQuery(
                    "SELECT labelfile FROM " + (renamed ? "pg_backup_stop(false)" : "pg_stop_backup(false, false)"))) {
                label.next();
                Files.writeString(target.resolve("backup_label"), label.getString(1));
            }
        } catch (SQLException e) {
            throw new IllegalStateException("cannot back up " + primary, e);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot copy " + primary.dataDirectory(), e);
        }
    }

    private Map<String, String> settings(String slot) {
        String conninfo = "host=" + PostgresServer.HOST + " port=" + primary.port() + " user="
                + DataTemplate.ADMINISTRATOR + " dbname=" + PostgresServer.SUPERUSER + " application_name=" + slot;
        Map<String, String> settings = new LinkedHashMap<>();
        settings.put("hot_standby", "on");
        settings.put("wal_receiver_status_interval", "1s");
        settings.put("wal_retrieve_retry_interval", "100ms");
        try {
            if (major >= FIRST_WITH_SIGNAL_FILE) {
                settings.put("primary_conninfo", conninfo);
                settings.put("primary_slot_name", slot);
                Files.createFile(target.resolve("standby.signal"));
            } else {
                settings.remove("wal_retrieve_retry_interval");
                Files.writeString(
                        target.resolve("recovery.conf"),
                        "standby_mode = on\nrecovery_target_timeline = latest\nprimary_conninfo = '" + conninfo
                                + "'\nprimary_slot_name = '" + slot + "'\n");
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return settings;
    }

    /** Files come and go while the primary runs. */
    private final class Copying extends SimpleFileVisitor<Path> {
        private Path targetOf(Path path) {
            return target.resolve(primary.dataDirectory().relativize(path).toString());
        }

        @Override
        public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes) throws IOException {
            Files.copy(directory, targetOf(directory), StandardCopyOption.COPY_ATTRIBUTES);
            if (LEFT_OUT_CONTENTS.contains(directory.getFileName().toString())) {
                if (directory.getFileName().toString().equals("pg_wal")) {
                    Files.copy(
                            directory.resolve("archive_status"),
                            targetOf(directory).resolve("archive_status"),
                            StandardCopyOption.COPY_ATTRIBUTES);
                }
                return FileVisitResult.SKIP_SUBTREE;
            }
            return FileVisitResult.CONTINUE;
        }

        @Override
        public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
            if (!LEFT_OUT_FILES.contains(file.getFileName().toString())) {
                try {
                    Files.copy(file, targetOf(file), StandardCopyOption.COPY_ATTRIBUTES);
                } catch (NoSuchFileException e) {
                    return FileVisitResult.CONTINUE;
                }
            }
            return FileVisitResult.CONTINUE;
        }

        @Override
        public FileVisitResult visitFileFailed(Path file, IOException failure) throws IOException {
            if (failure instanceof NoSuchFileException) {
                return FileVisitResult.CONTINUE;
            }
            throw failure;
        }
    }
}
