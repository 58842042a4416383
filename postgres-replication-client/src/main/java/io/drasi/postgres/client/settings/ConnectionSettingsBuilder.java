// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.client.settings;

import io.drasi.postgres.protocol.frame.FrameReader;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Collects {@link ConnectionSettings}, which checks them. Defaults: {@code localhost:5432}, the database named as the
 * user, no password, sslmode {@code prefer}, 10 s to connect, 60 s of silence. The user has no default.
 */
public final class ConnectionSettingsBuilder {
    private String host = "localhost";
    private Optional<InetAddress> hostAddress = Optional.empty();
    private int port = 5432;
    private String database = "";
    private String user = "";
    private PasswordSupplier passwordSupplier = PasswordSupplier.none();
    private SslMode sslMode = SslMode.PREFER;
    private Optional<Path> sslRootCertificate = Optional.empty();
    private Optional<Path> sslCertificate = Optional.empty();
    private Optional<Path> sslKey = Optional.empty();
    private Duration connectTimeout = Duration.ofSeconds(10);
    private Duration peerTimeout = Duration.ofSeconds(60);
    private boolean allowCleartextPassword;
    private String applicationName = "drasi";
    private final Map<String, String> parameters = new LinkedHashMap<>();
    private int maxFrameLength = FrameReader.DEFAULT_MAX_FRAME_LENGTH;
    private InstantSource clock = InstantSource.system();

    ConnectionSettingsBuilder() {}

    ConnectionSettingsBuilder(ConnectionSettings from) {
        host = from.host();
        hostAddress = from.hostAddress();
        port = from.port();
        database = from.database();
        user = from.user();
        passwordSupplier = from.passwordSupplier();
        sslMode = from.sslMode();
        sslRootCertificate = from.sslRootCertificate();
        sslCertificate = from.sslCertificate();
        sslKey = from.sslKey();
        connectTimeout = from.connectTimeout();
        peerTimeout = from.peerTimeout();
        allowCleartextPassword = from.allowCleartextPassword();
        applicationName = from.applicationName();
        parameters.putAll(from.parameters());
        maxFrameLength = from.maxFrameLength();
        clock = from.clock();
    }

    public ConnectionSettingsBuilder host(String value) {
        host = value;
        return this;
    }

    /** Where to find the host, in place of the addresses of its name. */
    public ConnectionSettingsBuilder hostAddress(InetAddress value) {
        hostAddress = Optional.of(value);
        return this;
    }

    public ConnectionSettingsBuilder port(int value) {
        port = value;
        return this;
    }

    public ConnectionSettingsBuilder database(String value) {
        database = value;
        return this;
    }

    public ConnectionSettingsBuilder user(String value) {
        user = value;
        return this;
    }

    public ConnectionSettingsBuilder passwordSupplier(PasswordSupplier value) {
        passwordSupplier = value;
        return this;
    }

    /** @param value the same for every connection; {@code ""} is none */
    public ConnectionSettingsBuilder password(String value) {
        return passwordSupplier(PasswordSupplier.of(value));
    }

    public ConnectionSettingsBuilder sslMode(SslMode value) {
        sslMode = value;
        return this;
    }

    public ConnectionSettingsBuilder sslRootCertificate(Path value) {
        sslRootCertificate = Optional.of(value);
        return this;
    }

    public ConnectionSettingsBuilder sslCertificate(Path value) {
        sslCertificate = Optional.of(value);
        return this;
    }

    public ConnectionSettingsBuilder sslKey(Path value) {
        sslKey = Optional.of(value);
        return this;
    }

    public ConnectionSettingsBuilder connectTimeout(Duration value) {
        connectTimeout = value;
        return this;
    }

    public ConnectionSettingsBuilder peerTimeout(Duration value) {
        peerTimeout = value;
        return this;
    }

    public ConnectionSettingsBuilder allowCleartextPassword(boolean value) {
        allowCleartextPassword = value;
        return this;
    }

    public ConnectionSettingsBuilder applicationName(String value) {
        applicationName = value;
        return this;
    }

    /** Adds a startup parameter. */
    public ConnectionSettingsBuilder parameter(String name, String value) {
        parameters.put(name, value);
        return this;
    }

    /** Adds startup parameters, in the map's order. */
    public ConnectionSettingsBuilder parameters(Map<String, String> values) {
        parameters.putAll(values);
        return this;
    }

    public ConnectionSettingsBuilder maxFrameLength(int value) {
        maxFrameLength = value;
        return this;
    }

    public ConnectionSettingsBuilder clock(InstantSource value) {
        clock = value;
        return this;
    }

    /** @throws IllegalArgumentException if a setting is out of its bounds, with its name, the bound and the value */
    public ConnectionSettings build() {
        return new ConnectionSettings(
                host,
                hostAddress,
                port,
                database.isEmpty() ? user : database,
                user,
                passwordSupplier,
                sslMode,
                sslRootCertificate,
                sslCertificate,
                sslKey,
                connectTimeout,
                peerTimeout,
                allowCleartextPassword,
                applicationName,
                parameters,
                maxFrameLength,
                clock);
    }
}
