// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg.libpq;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/** {@code postgresql://[user[:password]@][host][:port][/dbname][?keyword=value[&…]]}, every part percent-encoded. */
final class UriParser {
    private final String text;
    private final Map<String, String> parameters;

    UriParser(String text, Map<String, String> parameters) {
        this.text = text;
        this.parameters = parameters;
    }

    void parse() {
        String rest = text.substring(text.indexOf("://") + "://".length());
        int query = rest.indexOf('?');
        String authorityAndPath = query < 0 ? rest : rest.substring(0, query);
        int slash = authorityAndPath.indexOf('/');
        String authority = slash < 0 ? authorityAndPath : authorityAndPath.substring(0, slash);
        parseAuthority(authority);
        if (slash >= 0) {
            put("dbname", decode(authorityAndPath.substring(slash + 1), "the database name"));
        }
        if (query >= 0) {
            parseQuery(rest.substring(query + 1));
        }
    }

    private void parseAuthority(String authority) {
        int at = authority.indexOf('@');
        if (at >= 0) {
            String login = authority.substring(0, at);
            int colon = login.indexOf(':');
            put("user", decode(colon < 0 ? login : login.substring(0, colon), "the user"));
            if (colon >= 0) {
                put("password", decode(login.substring(colon + 1), "the password"));
            }
        }
        parseHostAndPort(authority.substring(at + 1));
    }

    private void parseHostAndPort(String hostAndPort) {
        if (hostAndPort.indexOf('@') >= 0) {
            throw new IllegalArgumentException(
                    "the connection URI has more than one '@': write it as %40 inside the user or the password");
        }
        int end;
        if (hostAndPort.startsWith("[")) {
            end = hostAndPort.indexOf(']') + 1;
            if (end == 0) {
                throw new IllegalArgumentException("the connection URI has no ']' after the IPv6 address");
            }
            put("host", hostAndPort.substring(1, end - 1));
        } else {
            int colon = hostAndPort.indexOf(':');
            int comma = hostAndPort.indexOf(',');
            end = colon < 0 || comma >= 0 ? hostAndPort.length() : colon;
            put("host", decode(hostAndPort.substring(0, end), "the host"));
        }
        String port = hostAndPort.substring(end);
        if (port.startsWith(":")) {
            put("port", decode(port.substring(1), "the port"));
        } else if (!port.isEmpty()) {
            throw new IllegalArgumentException("the connection URI has '" + port + "' after the IPv6 address");
        }
    }

    private void parseQuery(String query) {
        for (String pair : query.split("&", -1)) {
            int equals = pair.indexOf('=');
            if (equals < 1) {
                throw new IllegalArgumentException(
                        "the connection URI has a parameter that is not keyword=value, behind the '?'");
            }
            String keyword = decode(pair.substring(0, equals), "a parameter's name");
            String value = decode(pair.substring(equals + 1), "the parameter " + keyword);
            if (keyword.equals("ssl") && value.equals("true")) {
                put("sslmode", "require");
            } else {
                put(keyword, value);
            }
        }
    }

    private void put(String keyword, String value) {
        if (!value.isEmpty()) {
            parameters.put(keyword, value);
        }
    }

    private static String decode(String encoded, String part) {
        if (encoded.indexOf('%') < 0) {
            return encoded;
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        byte[] raw = encoded.getBytes(StandardCharsets.UTF_8);
        for (int i = 0; i < raw.length; i++) {
            if (raw[i] != '%') {
                bytes.write(raw[i]);
            } else if (i + 2 < raw.length && hexDigit(raw[i + 1]) >= 0 && hexDigit(raw[i + 2]) >= 0) {
                int octet = hexDigit(raw[i + 1]) << 4 | hexDigit(raw[i + 2]);
                if (octet == 0) {
                    throw new IllegalArgumentException(part + " in the connection URI contains %00");
                }
                bytes.write(octet);
                i += 2;
            } else {
                throw new IllegalArgumentException(
                        part + " in the connection URI has a '%' without two hexadecimal digits: write % as %25");
            }
        }
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes.toByteArray()))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException(part + " in the connection URI is not UTF-8 once it is decoded", e);
        }
    }

    private static int hexDigit(byte character) {
        return Character.digit(character, 16);
    }
}
