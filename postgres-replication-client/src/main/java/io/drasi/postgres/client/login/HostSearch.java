// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.client.login;

import io.drasi.postgres.client.error.ConnectFailedException;
import io.drasi.postgres.client.error.PostgresClientException;
import io.drasi.postgres.client.session.Patience;
import io.drasi.postgres.client.session.Session;
import io.drasi.postgres.client.session.SimpleQuery;
import io.drasi.postgres.client.settings.ConnectionSettings;
import io.drasi.postgres.client.settings.TargetSessionAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Opens a session on the first of several hosts that will do, as libpq does (PostgreSQL documentation, "Specifying Multiple
 * Hosts"): a host that can't be reached, takes no connections at the moment or has the wrong role is passed over; one that
 * refuses the login is not.
 */
public final class HostSearch {
    private static final String ON = "on";

    private final List<ConnectionSettings> hosts;
    private final TargetSessionAttributes target;
    private final boolean replication;
    private final List<PostgresClientException> failures = new ArrayList<>();

    private HostSearch(List<ConnectionSettings> hosts, TargetSessionAttributes target, boolean replication) {
        this.hosts = hosts;
        this.target = target;
        this.replication = replication;
    }

    /**
     * @param hosts in the order in which they are tried, at least one
     * @param replication whether the session takes replication commands
     * @throws PostgresClientException if none will do; it tells what each host said
     */
    public static Session connect(List<ConnectionSettings> hosts, TargetSessionAttributes target, boolean replication) {
        if (hosts.isEmpty()) {
            throw new IllegalArgumentException("there must be at least one host");
        }
        HostSearch search = new HostSearch(hosts, target, replication);
        Optional<Session> found = search.search(target);
        if (found.isEmpty() && target == TargetSessionAttributes.PREFER_STANDBY) {
            found = search.search(TargetSessionAttributes.ANY);
        }
        return found.orElseThrow(search::nobody);
    }

    private Optional<Session> search(TargetSessionAttributes wanted) {
        for (ConnectionSettings host : hosts) {
            try {
                return Optional.of(connect(host, wanted));
            } catch (PostgresClientException e) {
                failures.add(e);
                if (!Connector.anotherMayDo(e)) {
                    throw Connector.withOthers(e, failures);
                }
            }
        }
        return Optional.empty();
    }

    private Session connect(ConnectionSettings host, TargetSessionAttributes wanted) {
        Session session = Connector.connect(host, replication);
        try {
            Optional<String> refusal = refusal(session, wanted);
            if (refusal.isPresent()) {
                throw new ConnectFailedException("connecting to " + host.serverName() + ": " + refusal.get()
                        + ", but target_session_attrs is " + target.libpqName());
            }
            return session;
        } catch (RuntimeException | Error e) {
            session.close();
            throw e;
        }
    }

    /** Why the server won't do, in libpq's words. */
    private static Optional<String> refusal(Session session, TargetSessionAttributes wanted) {
        return switch (wanted) {
            case ANY -> Optional.empty();
            case READ_WRITE -> readOnly(session) ? Optional.of("session is read-only") : Optional.empty();
            case READ_ONLY -> readOnly(session) ? Optional.empty() : Optional.of("session is not read-only");
            case PRIMARY -> inHotStandby(session) ? Optional.of("server is in hot standby mode") : Optional.empty();
            case STANDBY, PREFER_STANDBY ->
                inHotStandby(session) ? Optional.empty() : Optional.of("server is not in hot standby mode");
        };
    }

    /** From 14 on the server reports both by itself. */
    private static boolean readOnly(Session session) {
        Optional<String> byDefault = session.parameter("default_transaction_read_only");
        Optional<String> standby = session.parameter("in_hot_standby");
        if (byDefault.isPresent() && standby.isPresent()) {
            return byDefault.get().equals(ON) || standby.get().equals(ON);
        }
        return ask(session, "SHOW transaction_read_only").equals(ON);
    }

    private static boolean inHotStandby(Session session) {
        return session.parameter("in_hot_standby")
                .map(ON::equals)
                .orElseGet(() ->
                        ask(session, "SELECT pg_catalog.pg_is_in_recovery()").equals("t"));
    }

    private static String ask(Session session, String sql) {
        return SimpleQuery.run(session, sql, Patience.PEER_TIMEOUT, sql)
                .single()
                .required(0);
    }

    private PostgresClientException nobody() {
        if (failures.size() == 1) {
            return failures.get(0);
        }
        String all = failures.stream().map(Throwable::getMessage).distinct().collect(Collectors.joining("; "));
        return Connector.withOthers(
                new ConnectFailedException("none of the " + hosts.size() + " hosts led to a session: " + all),
                failures);
    }
}
