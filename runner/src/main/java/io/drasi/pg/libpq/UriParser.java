// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg.libpq;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/**
 * {@code postgresql://[user[:password]@][host][:port][/dbname][?keyword=value[&…]]}, every part percent-encoded. Where a
 * part ends is decided as by libpq's {@code conninfo_uri_parse_options}.
 */
final class UriParser {
    private final String text;
    private final Map<String, String> parameters;
    private int position;

    UriParser(String text, Map<String, String> parameters) {
        this.text = text;
        this.parameters = parameters;
    }

    void parse() {
        position = text.indexOf("://") + "://".length();
        // A question mark may stand in the user and the password.
        int loginEnd = next("@/", position);
        if (at(loginEnd) == '@') {
            parseLogin(loginEnd);
        }
        parseHostsAndPorts();
        if (at(position) == '/') {
            position++;
            put("dbname", decode(upTo("?"), "the database name"));
        }
        if (at(position) == '?') {
            parseQuery(text.substring(position + 1));
        }
    }

    private void parseLogin(int end) {
        String login = text.substring(position, end);
        int colon = login.indexOf(':');
        put("user", decode(colon < 0 ? login : login.substring(0, colon), "the user"));
        if (colon >= 0) {
            put("password", decode(login.substring(colon + 1), "the password"));
        }
        position = end + 1;
    }

    /** Several hosts, and their ports, stay together with commas between. */
    private void parseHostsAndPorts() {
        StringBuilder hosts = new StringBuilder();
        StringBuilder ports = new StringBuilder();
        while (true) {
            hosts.append(at(position) == '[' ? addressInBrackets() : upTo(":/?,"));
            if (at(position) == ':') {
                position++;
                ports.append(upTo("/?,"));
            }
            if (at(position) != ',') {
                break;
            }
            position++;
            hosts.append(',');
            ports.append(',');
        }
        if (hosts.indexOf("@") >= 0 || ports.indexOf("@") >= 0) {
            throw new IllegalArgumentException(
                    "the connection URI has more than one '@': write it as %40 inside the user or the password");
        }
        String port = decode(ports.toString(), "the port");
        // A slash inside the password makes the half before it look like a port, which messages would repeat.
        if (!port.chars().allMatch(character -> character == ',' || Character.isDigit(character))) {
            throw new IllegalArgumentException("the connection URI has a port that is not a number: write '/' as %2F"
                    + " inside the user or the password");
        }
        put("host", decode(hosts.toString(), "the host"));
        put("port", port);
    }

    private String addressInBrackets() {
        position++;
        String address = upTo("]");
        if (at(position) != ']') {
            throw new IllegalArgumentException("the connection URI has no ']' after the IPv6 address");
        }
        if (address.isEmpty()) {
            throw new IllegalArgumentException("the connection URI has no IPv6 address between '[' and ']'");
        }
        position++;
        if (position < text.length() && ":/?,".indexOf(at(position)) < 0) {
            throw new IllegalArgumentException("the connection URI has neither ':' nor '/' after the IPv6 address");
        }
        return address;
    }

    private void parseQuery(String query) {
        int start = 0;
        // Nothing behind the question mark, or behind the last ampersand, is no parameter.
        while (start < query.length()) {
            int ampersand = query.indexOf('&', start);
            int end = ampersand < 0 ? query.length() : ampersand;
            parseParameter(query.substring(start, end));
            start = end + 1;
        }
    }

    private void parseParameter(String pair) {
        int equals = pair.indexOf('=');
        if (equals < 1 || pair.indexOf('=', equals + 1) >= 0) {
            throw new IllegalArgumentException("the connection URI has a parameter that is not keyword=value, behind"
                    + " the '?': write '=' as %3D inside a value");
        }
        String keyword = decode(pair.substring(0, equals), "a parameter's name");
        String value = decode(pair.substring(equals + 1), "the parameter " + keyword);
        if (keyword.equals("ssl") && value.equals("true")) {
            put("sslmode", "require");
        } else {
            put(keyword, value);
        }
    }

    /** The text up to the next of {@code ends}, or the end of all; the position moves there. */
    private String upTo(String ends) {
        int start = position;
        position = next(ends, start);
        return text.substring(start, position);
    }

    private int next(String ends, int start) {
        int index = start;
        while (index < text.length() && ends.indexOf(text.charAt(index)) < 0) {
            index++;
        }
        return index;
    }

    /** The character there; zero at the end. */
    private char at(int index) {
        return index < text.length() ? text.charAt(index) : '\0';
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
