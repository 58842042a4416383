// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.config;

import static io.drasi.source.postgres.config.Option.require;

import java.util.ArrayList;
import java.util.List;

/**
 * One of the servers that a source may read from.
 *
 * @param host name or address; with a leading {@code /} the directory of a Unix-domain socket
 * @param port 1 to 65,535
 */
public record ServerAddress(String host, int port) {
    static final int DEFAULT_PORT = 5432;

    /**
     * Reads the options {@code host} and {@code port} as libpq does: lists with commas between, and either one port for all
     * hosts or one for each; an empty one stands for 5432.
     *
     * @throws IllegalArgumentException that names the option and the value
     */
    static List<ServerAddress> list(String host, String port) {
        String[] hosts = host.split(",", -1);
        String[] ports = port.split(",", -1);
        require(
                ports.length == 1 || ports.length == hosts.length,
                "port must be one for all hosts or one for each, but there are " + ports.length + " ('" + port
                        + "') for " + hosts.length + (hosts.length == 1 ? " host" : " hosts") + " ('" + host + "')");
        List<ServerAddress> servers = new ArrayList<>();
        for (int i = 0; i < hosts.length; i++) {
            require(!hosts[i].isBlank(), "host must not be blank" + (hosts.length == 1 ? "" : ", was '" + host + "'"));
            require(hosts[i].indexOf('\0') < 0, "host must not hold a zero character");
            servers.add(new ServerAddress(hosts[i].strip(), port(ports[ports.length == 1 ? 0 : i])));
        }
        return List.copyOf(servers);
    }

    private static int port(String text) {
        if (text.isBlank()) {
            return DEFAULT_PORT;
        }
        int port;
        try {
            port = Integer.parseInt(text.strip());
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("port must be a number, was '" + text + "'", e);
        }
        require(
                port >= 1 && port <= 65_535,
                String.format(java.util.Locale.ROOT, "port must be 1 to 65,535, was %,d", port));
        return port;
    }

    /** For messages: {@code host:port}. */
    @Override
    public String toString() {
        return (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":" + port;
    }
}
