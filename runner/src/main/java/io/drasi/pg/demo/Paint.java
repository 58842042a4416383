// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg.demo;

/** ANSI colours, or none. */
enum Paint {
    INSERT("32"),
    UPDATE("33"),
    DELETE("31"),
    TRUNCATE("35"),
    HEADER("1;36"),
    QUIET("2");

    private final String code;

    Paint(String code) {
        this.code = code;
    }

    String on(String text, boolean coloured) {
        return coloured ? "\u001b[" + code + "m" + text + "\u001b[0m" : text;
    }
}
