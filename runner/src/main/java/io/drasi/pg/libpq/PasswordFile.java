// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg.libpq;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermission;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/**
 * libpq's password file, usually {@code ~/.pgpass}: lines {@code host:port:database:user:password}, the first that fits
 * counts (PostgreSQL documentation, section "The Password File"). It is read anew at each look-up.
 */
public final class PasswordFile {
    private static final Set<PosixFilePermission> OF_OTHERS = EnumSet.of(
            PosixFilePermission.GROUP_READ,
            PosixFilePermission.GROUP_WRITE,
            PosixFilePermission.GROUP_EXECUTE,
            PosixFilePermission.OTHERS_READ,
            PosixFilePermission.OTHERS_WRITE,
            PosixFilePermission.OTHERS_EXECUTE);
    private static final Set<String> DEFAULT_SOCKET_DIRECTORIES = Set.of("/tmp", "/var/run/postgresql");
    private static final int KEY_FIELDS = 4;

    private final Path path;
    private final Consumer<String> warnings;

    /** @param warnings takes what libpq would print when it ignores the file */
    public PasswordFile(Path path, Consumer<String> warnings) {
        this.path = path;
        this.warnings = warnings;
    }

    /**
     * The password for a login; empty when no line fits, or when the file is missing or open to others.
     *
     * @param host as it was configured; the default socket directories are looked up as {@code localhost}
     */
    public Optional<String> find(String host, int port, String database, String user) {
        if (!usable()) {
            return Optional.empty();
        }
        String[] login = {
            DEFAULT_SOCKET_DIRECTORIES.contains(host) ? "localhost" : host, Integer.toString(port), database, user
        };
        return lines().stream()
                .filter(line -> !line.startsWith("#"))
                .map(line -> match(line, login))
                .flatMap(Optional::stream)
                .findFirst();
    }

    private boolean usable() {
        if (!Files.exists(path)) {
            return false;
        }
        if (!Files.isRegularFile(path)) {
            warnings.accept("password file \"" + path + "\" is not a plain file; it is ignored");
            return false;
        }
        PosixFileAttributeView view = Files.getFileAttributeView(path, PosixFileAttributeView.class);
        if (view == null) {
            return true;
        }
        try {
            Set<PosixFilePermission> open = EnumSet.copyOf(OF_OTHERS);
            open.retainAll(view.readAttributes().permissions());
            if (!open.isEmpty()) {
                warnings.accept("password file \"" + path
                        + "\" has group or world access; it is ignored. Run: chmod 0600 " + path);
            }
            return open.isEmpty();
        } catch (IOException e) {
            warnings.accept(
                    "password file \"" + path + "\" cannot be looked at (" + e.getMessage() + "); it is ignored");
            return false;
        }
    }

    private List<String> lines() {
        try {
            return Files.readString(path, StandardCharsets.UTF_8).lines().toList();
        } catch (IOException e) {
            warnings.accept("password file \"" + path + "\" cannot be read (" + e.getMessage() + "); it is ignored");
            return List.of();
        }
    }

    /** The password of {@code line} if its first four fields fit {@code login}. */
    private static Optional<String> match(String line, String[] login) {
        int position = 0;
        for (int i = 0; i < KEY_FIELDS; i++) {
            int end = fieldEnd(line, position);
            if (end == line.length()) {
                return Optional.empty();
            }
            String field = line.substring(position, end);
            if (!field.equals("*") && !unescape(field).equals(login[i])) {
                return Optional.empty();
            }
            position = end + 1;
        }
        return Optional.of(unescape(line.substring(position, fieldEnd(line, position))));
    }

    /** Index of the next colon that has no backslash before it, or the line's length. */
    private static int fieldEnd(String line, int start) {
        int position = start;
        while (position < line.length() && line.charAt(position) != ':') {
            position += line.charAt(position) == '\\' ? 2 : 1;
        }
        return Math.min(position, line.length());
    }

    private static String unescape(String field) {
        StringBuilder text = new StringBuilder(field.length());
        for (int i = 0; i < field.length(); i++) {
            if (field.charAt(i) == '\\' && i + 1 < field.length()) {
                i++;
            }
            text.append(field.charAt(i));
        }
        return text.toString();
    }
}
