// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import io.drasi.model.ElementValue.StringValue;
import io.drasi.source.postgres.RandomType.Array;
import io.drasi.source.postgres.RandomType.Composite;
import io.drasi.source.postgres.RandomType.Domain;
import io.drasi.source.postgres.RandomType.Scalar;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The types of one random database: those of PostgreSQL and of extensions, and enums, domains, composites and a range made
 * at random of those.
 *
 * <p>What the stream does not show is left out: a label of an enum or an attribute of a composite that gets another name,
 * and attributes that are added or dropped while there are rows, which then come as PostgreSQL's own text or keep their old
 * shape with the subscriber.
 */
final class RandomTypes {
    private static final int FIRST_WITH_DOMAINS_OVER_COMPOSITES = 11;
    private static final String MOOD = "public.\"Mood, odd\"";

    /** Of these a key can be made together with an id: they can be sorted, and their values fit into an index. */
    private static final Set<String> SORTABLE = Set.of(
            "boolean",
            "int2",
            "int8",
            "numeric(12,4)",
            "varchar(60)",
            "char(5)",
            "uuid",
            "date",
            "timestamp",
            "timestamptz",
            "interval",
            "inet",
            "float8",
            MOOD);

    /** The scalars that say less in binary format. */
    private static final Set<String> ONLY_TEXT = Set.of("money", "regclass", "regtype");

    private static final int FIRST_WITH_BINARY = 14;

    private final Random random;
    private final int version;
    private final boolean binary;
    private final List<RandomType> scalars = new ArrayList<>();
    private final List<RandomType> made = new ArrayList<>();
    private final List<String> moods = new ArrayList<>(List.of("so so", "a,b \"c\""));
    private final List<String> statements = new ArrayList<>();

    RandomTypes(Random random, int version) {
        this.random = random;
        this.version = version;
        scalars.addAll(RandomScalars.of(version));
        this.binary = version >= FIRST_WITH_BINARY && random.nextInt(3) > 0;
        if (binary) {
            scalars.removeIf(type -> ONLY_TEXT.contains(type.sqlName()));
        }
        for (String extension : List.of("hstore", "citext", "ltree", "cube")) {
            statements.add("CREATE EXTENSION " + extension);
        }
        made.add(new RandomType.Hstore());
        makeEnum();
        makeRange();
        for (int i = 0; i < 3; i++) {
            makeDomain(i);
            makeComposite(i);
        }
    }

    /** Whether all of them can be read in binary format; a source takes it by itself then. */
    boolean binary() {
        return binary;
    }

    /** What creates the types. */
    List<String> statements() {
        return statements;
    }

    private void makeEnum() {
        statements.add("CREATE TYPE " + MOOD + " AS ENUM ("
                + moods.stream().map(OddText::quoted).collect(Collectors.joining(", ")) + ")");
        RandomType mood = new Scalar(
                MOOD,
                StringValue.class,
                source -> OddText.quoted(moods.get(source.nextInt(moods.size()))) + "::" + MOOD);
        made.add(mood);
        scalars.add(mood);
    }

    /** A statement that gives the enum a new label; not for a transaction that goes on, before version 12. */
    String newMood() {
        String label = "mood " + moods.size();
        moods.add(label);
        return "ALTER TYPE " + MOOD + " ADD VALUE '" + label + "' BEFORE 'so so'";
    }

    private void makeRange() {
        statements.add("CREATE TYPE public.floatrange AS RANGE (subtype = float8)");
        made.add(new Scalar(
                "public.floatrange",
                StringValue.class,
                source ->
                        "public.floatrange(" + source.nextInt(9) / 10.0 + ", " + (1 + source.nextInt(9) / 10.0) + ")"));
    }

    private void makeDomain(int number) {
        RandomType base = any();
        boolean composite = base instanceof Composite || base instanceof Domain;
        if (composite && version < FIRST_WITH_DOMAINS_OVER_COMPOSITES) {
            base = scalar();
        }
        String name = "public.domain" + number;
        statements.add("CREATE DOMAIN " + name + " AS " + base.sqlName());
        made.add(new Domain(name, base));
    }

    private void makeComposite(int number) {
        String name = "public.\"Composite " + number + "\"";
        Map<String, RandomType> fields = new LinkedHashMap<>();
        for (int i = 1 + random.nextInt(4); i > 0; i--) {
            fields.put("f" + i, any());
        }
        String attributes = fields.entrySet().stream()
                .map(field -> field.getKey() + " " + field.getValue().sqlName())
                .collect(Collectors.joining(", "));
        statements.add("CREATE TYPE " + name + " AS (gone int, " + attributes + ")");
        statements.add("ALTER TYPE " + name + " DROP ATTRIBUTE gone");
        made.add(new Composite(name, fields));
    }

    /** One type of all. */
    RandomType any() {
        return switch (random.nextInt(6)) {
            case 0, 1 -> made.get(random.nextInt(made.size()));
            case 2 -> new Array(element());
            default -> scalar();
        };
    }

    private RandomType scalar() {
        return scalars.get(random.nextInt(scalars.size()));
    }

    private RandomType element() {
        RandomType element = random.nextInt(3) == 0 ? made.get(random.nextInt(made.size())) : scalar();
        boolean domain = element instanceof Domain;
        return domain && version < FIRST_WITH_DOMAINS_OVER_COMPOSITES ? scalar() : element;
    }

    Scalar scalar(String sqlName) {
        return (Scalar) scalars.stream()
                .filter(type -> type.sqlName().equals(sqlName))
                .findFirst()
                .orElseThrow();
    }

    static boolean sortable(RandomType type) {
        return SORTABLE.contains(type.sqlName());
    }
}
