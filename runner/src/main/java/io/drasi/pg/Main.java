// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg;

import io.drasi.pg.process.OrderlyExit;
import io.drasi.pg.process.StopRequest;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/** Where {@code drasi-pg} begins. */
public final class Main {
    private Main() {}

    public static void main(String[] arguments) {
        // Messages name tables and databases; the locale of a container is often one without umlauts.
        System.setErr(new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8));
        // libpq's ~ is $HOME, which the virtual machine does not follow: .pgpass and .postgresql are looked for in one
        // place.
        String home = System.getenv().getOrDefault("HOME", "");
        if (!home.isEmpty()) {
            System.setProperty("user.home", home);
        }
        StopRequest stop = new StopRequest();
        OrderlyExit.run(stop, () -> DrasiPg.commandLine(stop).execute(arguments));
    }
}
