// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg.libpq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.entry;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ConnectionStringTest {
    @Test
    void readsEveryPartOfAUri() {
        assertThat(ConnectionString.parse("postgresql://drasi:secret@db.example.com:5433/shop?sslmode=verify-full"))
                .containsExactly(
                        entry("user", "drasi"),
                        entry("password", "secret"),
                        entry("host", "db.example.com"),
                        entry("port", "5433"),
                        entry("dbname", "shop"),
                        entry("sslmode", "verify-full"));
    }

    @Test
    void leavesOutWhatAUriDoesNotSay() {
        assertThat(ConnectionString.parse("postgresql://")).isEmpty();
        assertThat(ConnectionString.parse("postgres://localhost")).containsExactly(entry("host", "localhost"));
        assertThat(ConnectionString.parse("postgresql:///shop")).containsExactly(entry("dbname", "shop"));
        assertThat(ConnectionString.parse("postgresql://drasi@")).containsExactly(entry("user", "drasi"));
        assertThat(ConnectionString.parse("postgresql://h/shop?sslmode=")).doesNotContainKey("sslmode");
    }

    @Test
    void decodesPercentEncodingInEveryPart() {
        assertThat(
                        ConnectionString.parse(
                                "postgresql://us%3Aer:p%40ss%2F%25%20w%C3%B6rd@%2Fvar%2Frun%2Fpostgresql:5432/my%20sh%C3%B6p?sslrootcert=%2Fa%26b"))
                .containsExactly(
                        entry("user", "us:er"),
                        entry("password", "p@ss/% wörd"),
                        entry("host", "/var/run/postgresql"),
                        entry("port", "5432"),
                        entry("dbname", "my shöp"),
                        entry("sslrootcert", "/a&b"));
    }

    @Test
    void takesTheHostAlsoAsAParameter() {
        assertThat(ConnectionString.parse("postgresql:///shop?host=%2Ftmp&port=5433"))
                .containsExactly(entry("dbname", "shop"), entry("host", "/tmp"), entry("port", "5433"));
    }

    @Test
    void readsIpv6AddressesWithAndWithoutPort() {
        assertThat(ConnectionString.parse("postgresql://[::1]:5433/shop"))
                .contains(entry("host", "::1"), entry("port", "5433"));
        assertThat(ConnectionString.parse("postgresql://u@[2001:db8::1]/shop"))
                .contains(entry("host", "2001:db8::1"))
                .doesNotContainKey("port");
    }

    @Test
    void keepsSeveralHostsTogetherForTheCallerToRefuse() {
        assertThat(ConnectionString.parse("postgresql://a:5432,[::1]:5433,c/shop"))
                .containsExactly(entry("host", "a,::1,c"), entry("port", "5432,5433,"), entry("dbname", "shop"));
    }

    @Test
    void findsTheEndsOfThePartsAsLibpqDoes() {
        assertThat(ConnectionString.parse("postgresql://us?er:pa?ss:w@h/d"))
                .containsExactly(
                        entry("user", "us?er"), entry("password", "pa?ss:w"), entry("host", "h"), entry("dbname", "d"));
        assertThat(ConnectionString.parse("postgresql://h?user=u"))
                .containsExactly(entry("host", "h"), entry("user", "u"));
        assertThat(ConnectionString.parse("postgresql://h:1?user=u"))
                .containsExactly(entry("host", "h"), entry("port", "1"), entry("user", "u"));
        assertThat(ConnectionString.parse("postgresql://[::1]?user=u"))
                .containsExactly(entry("host", "::1"), entry("user", "u"));
        assertThat(ConnectionString.parse("postgresql://h/a/b@c?user=u"))
                .containsExactly(entry("host", "h"), entry("dbname", "a/b@c"), entry("user", "u"));
    }

    @Test
    void takesAQueryThatEndsEarly() {
        assertThat(ConnectionString.parse("postgresql://h/d?"))
                .containsExactly(entry("host", "h"), entry("dbname", "d"));
        assertThat(ConnectionString.parse("postgresql://h/d?user=u&"))
                .containsExactly(entry("host", "h"), entry("dbname", "d"), entry("user", "u"));
    }

    @Test
    void readsTheSslParameterOfJdbcUrls() {
        assertThat(ConnectionString.parse("postgresql://h/d?ssl=true")).contains(entry("sslmode", "require"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "postgresql://u:se%cret@h/d",
                "postgresql://u:secret%4@h/d",
                "postgresql://u:secret%00@h/d",
                "postgresql://u:secret%FF@h/d",
                "postgresql://u:secret@x@h/d",
                "postgresql://u:secret@[::1/d",
                "postgresql://u:secret@[::1]5432/d",
                "postgresql://u:secret@h/d?sslmode",
                "postgresql://u:secret@h/d?=x",
                "postgresql://u:secret/s@h/d",
                "postgresql://u:secret@h/d?a=b=c",
                "postgresql://u:secret@h/d?user=u&&port=1",
                "postgresql://u:secret@[]/d",
                "postgresql://u:secret@[]:5432/d",
                "password=secret host",
                "password='secret",
                "password=secret =x"
            })
    void refusesMalformedStringsWithoutRepeatingThem(String text) {
        assertThatThrownBy(() -> ConnectionString.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .message()
                .contains("connection")
                .doesNotContain("secret");
    }

    @Test
    void readsKeywordsAndValues() {
        assertThat(ConnectionString.parse(
                        "host=localhost port = 5433  dbname='my shop' password='it\\'s \\\\' user=a\\ b"))
                .containsExactly(
                        entry("host", "localhost"),
                        entry("port", "5433"),
                        entry("dbname", "my shop"),
                        entry("password", "it's \\"),
                        entry("user", "a b"));
    }

    @Test
    void tellsConnectionStringsFromDatabaseNames() {
        assertThat(ConnectionString.recognises("shop")).isFalse();
        assertThat(ConnectionString.recognises("postgresql://h/d")).isTrue();
        assertThat(ConnectionString.recognises("postgres://h/d")).isTrue();
        assertThat(ConnectionString.recognises("dbname=shop")).isTrue();
    }
}
