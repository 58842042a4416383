// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg.options;

import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;

/** Finds the name that somebody probably meant. */
final class Spelling {
    private Spelling() {}

    /** A member of {@code known} that contains {@code word} or the other way round, else the one at the fewest edits; of equals the first. */
    static String nearest(String word, Collection<String> known) {
        String simple = word.toLowerCase(Locale.ROOT).replace('-', '_');
        return known.stream()
                .min(Comparator.comparing((String name) -> !name.contains(simple) && !simple.contains(name))
                        .thenComparing(name -> distance(simple, name)))
                .orElseThrow();
    }

    /** Levenshtein's distance. */
    private static int distance(String left, String right) {
        int[] row = new int[right.length() + 1];
        for (int j = 0; j < row.length; j++) {
            row[j] = j;
        }
        for (int i = 1; i <= left.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j < row.length; j++) {
                int substitution = diagonal + (left.charAt(i - 1) == right.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(substitution, 1 + Math.min(row[j], row[j - 1]));
            }
        }
        return row[right.length()];
    }
}
