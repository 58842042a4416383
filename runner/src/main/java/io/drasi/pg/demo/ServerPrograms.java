// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg.demo;

import io.zonky.test.db.postgres.embedded.PgBinaryResolver;
import java.io.InputStream;
import java.util.Locale;

/**
 * Finds the archive of PostgreSQL's programs on the class path. The library's own way refuses an archive that is there
 * twice, as it is when the packaged program runs beside a build's class path.
 */
final class ServerPrograms implements PgBinaryResolver {
    @Override
    public InputStream getPgBinary(String system, String machineHardware) {
        String hardware = switch (machineHardware.toLowerCase(Locale.ROOT)) {
            case "amd64", "x86_64" -> "x86_64";
            case "aarch64", "arm64" -> "arm_64";
            default -> machineHardware;
        };
        String name = "/postgres-" + system.toLowerCase(Locale.ROOT) + "-" + hardware + ".txz";
        InputStream archive = ServerPrograms.class.getResourceAsStream(name);
        if (archive == null) {
            throw new IllegalStateException("there are no PostgreSQL programs for this platform (" + system + " "
                    + machineHardware + "); the demo has those for Linux and macOS on x86_64 and arm64."
                    + " drasi-pg stream works with any server");
        }
        return archive;
    }
}
