// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg.options;

import static java.util.Map.entry;

import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** libpq's parameters that are no option of a source. One that would change something must not be passed over silently. */
final class OtherParameters {
    /** Only tune the connection, or belong to GSSAPI, which is never used: taken and left without effect. */
    private static final Set<String> WITHOUT_EFFECT = Set.of(
            "keepalives",
            "keepalives_idle",
            "keepalives_interval",
            "keepalives_count",
            "tcp_user_timeout",
            "application_name",
            "fallback_application_name",
            "client_encoding",
            "krbsrvname",
            "gsslib");
    /** May say what we do anyway. */
    private static final Map<String, Set<String>> FULFILLED = Map.ofEntries(
            entry("gssencmode", Set.of("disable", "prefer")),
            entry("gssdelegation", Set.of("0")),
            entry("channel_binding", Set.of("prefer")),
            entry("load_balance_hosts", Set.of("disable")),
            entry("sslnegotiation", Set.of("postgres")),
            entry("sslcertmode", Set.of("allow")),
            entry("sslcompression", Set.of("0")),
            entry("sslsni", Set.of("1")),
            entry("ssl_min_protocol_version", Set.of("TLSv1", "TLSv1.1", "TLSv1.2")),
            entry("min_protocol_version", Set.of("3.0")),
            entry("max_protocol_version", Set.of("3.0", "latest")));
    /** PostgreSQL documentation, section "Environment Variables" of libpq. */
    private static final Map<String, String> KEYWORD_BY_VARIABLE = Map.ofEntries(
            entry("PGHOSTADDR", "hostaddr"),
            entry("PGSERVICE", "service"),
            entry("PGREQUIREAUTH", "require_auth"),
            entry("PGCHANNELBINDING", "channel_binding"),
            entry("PGOPTIONS", "options"),
            entry("PGSSLNEGOTIATION", "sslnegotiation"),
            entry("PGSSLCOMPRESSION", "sslcompression"),
            entry("PGSSLCERTMODE", "sslcertmode"),
            entry("PGSSLCRL", "sslcrl"),
            entry("PGSSLCRLDIR", "sslcrldir"),
            entry("PGSSLSNI", "sslsni"),
            entry("PGREQUIREPEER", "requirepeer"),
            entry("PGSSLMINPROTOCOLVERSION", "ssl_min_protocol_version"),
            entry("PGSSLMAXPROTOCOLVERSION", "ssl_max_protocol_version"),
            entry("PGMINPROTOCOLVERSION", "min_protocol_version"),
            entry("PGMAXPROTOCOLVERSION", "max_protocol_version"),
            entry("PGGSSENCMODE", "gssencmode"),
            entry("PGGSSDELEGATION", "gssdelegation"),
            entry("PGLOADBALANCEHOSTS", "load_balance_hosts"));

    private OtherParameters() {}

    /**
     * @param origin where it stands, for the message
     * @throws OptionException if the source would not do what the parameter says
     */
    static void requireHarmless(String keyword, String value, String origin) {
        Set<String> fulfilled = FULFILLED.getOrDefault(keyword, Set.of());
        if (WITHOUT_EFFECT.contains(keyword) || fulfilled.contains(value)) {
            return;
        }
        throw new OptionException(
                fulfilled.isEmpty()
                        ? origin + " is not supported"
                        : origin + " may only be " + String.join(" or ", new TreeSet<>(fulfilled)) + ", was '" + value
                                + "'");
    }

    /** @throws OptionException if a variable says what the source would not do; an empty one counts as not set */
    static void requireHarmless(Map<String, String> environment) {
        KEYWORD_BY_VARIABLE.forEach((variable, keyword) -> {
            String value = environment.getOrDefault(variable, "");
            if (!value.isEmpty()) {
                requireHarmless(keyword, value, variable);
            }
        });
    }
}
