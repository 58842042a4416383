// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import java.util.List;
import java.util.Random;

/** Random text of what is easily read wrongly. */
final class OddText {
    private static final List<String> PIECES = List.of(
            "a",
            "Z",
            "0",
            " ",
            "  ",
            "\t",
            "\n",
            "\r\n",
            "\b",
            "\f",
            "\u000b",
            "\u0001",
            "\u007f",
            "'",
            "\"",
            "\"\"",
            "\\",
            "\\\\",
            "\\N",
            "\\.",
            "\\x",
            ",",
            ";",
            "{",
            "}",
            "(",
            ")",
            "[",
            "]",
            "<",
            ">",
            "=>",
            ":",
            "_",
            "%s",
            "?",
            "$1",
            "NULL",
            "null",
            "ü",
            "ß",
            "\u00a0",
            "\u0301",
            "é",
            "\u200f",
            "שלום",
            "日本語",
            "\ufeff",
            "\ufffd",
            "\uffff",
            "😀",
            "👩‍👩‍👧",
            "\udbff\udfff");
    private static final int MOST_PIECES = 8;
    /** More than what PostgreSQL keeps in the row itself. */
    private static final int LARGE = 3000;

    private OddText() {}

    static String of(Random random) {
        StringBuilder text = new StringBuilder();
        for (int i = random.nextInt(MOST_PIECES); i > 0; i--) {
            text.append(PIECES.get(random.nextInt(PIECES.size())));
        }
        return text.toString();
    }

    /** Often one that is kept outside the row, since it is large and can't be compressed. */
    static String maybeLarge(Random random) {
        return random.nextInt(3) == 0 ? hexadecimal(random, LARGE + random.nextInt(LARGE)) : of(random);
    }

    /** Of that many bytes. */
    static String hexadecimal(Random random, int bytes) {
        byte[] content = new byte[bytes];
        random.nextBytes(content);
        return java.util.HexFormat.of().formatHex(content);
    }

    /** As a string of SQL. */
    static String quoted(String text) {
        return "'" + text.replace("'", "''") + "'";
    }
}
