// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The types of one database: the built-in ones, and those that {@link #learn} was told of. Asks nobody by itself. Used by
 * one thread.
 *
 * <p>A composite type can be altered while it is used. Its codec stays the same object then, so that whoever has it reads
 * by what was learned last.
 */
public final class DatabaseTypes {
    /** The OIDs of built-in types are below this; above, every database has its own. */
    public static final long FIRST_OID = 10_000;

    private static final String HSTORE = "hstore";
    private static final String CUBE = "cube";

    private final Map<Long, PgType> types = new HashMap<>();
    private final Map<Long, TypeCodec> codecs = new HashMap<>();
    private final Map<Long, CompositeCodec> composites = new LinkedHashMap<>();
    private final Map<Long, EnumLabels> labels = new HashMap<>();
    private final Map<Long, Set<String>> renamedLabels = new HashMap<>();
    private final boolean bytesUnlessUnicode;
    private int serverVersion = Integer.MAX_VALUE;
    private volatile boolean outdated; // values of a snapshot are read by several threads

    /** @param bytesUnlessUnicode whether a value with a text that is not UTF-8 is given as its bytes, or refused */
    public DatabaseTypes(boolean bytesUnlessUnicode) {
        this.bytesUnlessUnicode = bytesUnlessUnicode;
    }

    /**
     * Tells which server the values come from.
     *
     * @param number as {@code server_version_num}; until it is told, the newest
     */
    public void serverVersion(int number) {
        serverVersion = number;
    }

    public int serverVersion() {
        return serverVersion;
    }

    /**
     * Takes what the catalog says now.
     *
     * @param found by OID, with every type that one of them is made of, unless that is built in. What was known of other types
     *     stays: a type may have been dropped since, while rows that have it are still to come
     */
    public void learn(Map<Long, PgType> found) {
        boolean changed = false;
        for (Map.Entry<Long, PgType> entry : found.entrySet()) {
            PgType before = types.put(entry.getKey(), entry.getValue());
            changed |= !entry.getValue().equals(before);
            if (entry.getValue() instanceof PgType.Enumerated now) {
                learnLabels(entry.getKey(), before, now);
            }
        }
        if (changed) {
            codecs.clear();
            Map.copyOf(composites).forEach((oid, codec) -> describe(codec, oid));
        }
        outdated = false;
    }

    private void learnLabels(long oid, @Nullable PgType before, PgType.Enumerated now) {
        labels(oid).learn(now.labels());
        if (before instanceof PgType.Enumerated known) {
            Set<String> gone = new TreeSet<>(known.labels());
            gone.removeAll(now.labels());
            if (!gone.isEmpty()) {
                renamedLabels.computeIfAbsent(oid, none -> new TreeSet<>()).addAll(gone);
            }
        }
    }

    /** The labels of an enum that were renamed, by its OID, as they were called before; each is told once. */
    public Map<Long, Set<String>> takeRenamedLabels() {
        Map<Long, Set<String>> renamed = Map.copyOf(renamedLabels);
        renamedLabels.clear();
        return renamed;
    }

    /** What is known of an enum's labels: one object for as long as these types are. */
    public EnumLabels labels(long oid) {
        return labels.computeIfAbsent(oid, enumeration -> new EnumLabels(this::meetOutdated));
    }

    /** Whether values of a type are made of values of another. */
    public boolean contains(long oid, long part) {
        if (oid == part) {
            return true;
        }
        PgType type = types.get(oid);
        if (type instanceof PgType.Domain domain) {
            return contains(domain.baseOid(), part);
        } else if (type instanceof PgType.Array array) {
            return contains(array.elementOid(), part);
        } else if (type instanceof PgType.Range range) {
            return contains(range.subtypeOid(), part);
        } else if (type instanceof PgType.Multirange multirange) {
            return contains(multirange.rangeOid(), part);
        }
        return type instanceof PgType.Composite composite
                && composite.attributes().stream().anyMatch(attribute -> contains(attribute.typeOid(), part));
    }

    /** The codec of a column of that type, see {@link #codec}. */
    public TypeCodec columnCodec(long oid) {
        TypeCodec codec = codec(oid);
        return bytesUnlessUnicode ? new BytesUnlessUnicodeCodec(codec) : codec;
    }

    /**
     * The codec of a type. One that is neither built in nor known is read as PostgreSQL's own text.
     *
     * @param oid the OID of {@code pg_type}, unsigned
     */
    public TypeCodec codec(long oid) {
        if (oid < FIRST_OID) {
            return TypeCodecs.forType(oid);
        }
        TypeCodec known = codecs.get(oid);
        if (known == null) {
            known = make(oid);
            codecs.put(oid, known);
        }
        return known;
    }

    /** The type under a domain; any other type itself. */
    public long baseType(long oid) {
        long base = oid;
        while (types.get(base) instanceof PgType.Domain domain) {
            base = domain.baseOid();
        }
        return base;
    }

    /**
     * Whether a value was met that does not look like what is known of its type, or a label of an enum that is not known, so
     * that it is time to {@link #learn} anew.
     */
    public boolean outdated() {
        return outdated;
    }

    /** What was learned of a type; empty: it is built in, or nothing is known of it. */
    public Optional<PgType> type(long oid) {
        return Optional.ofNullable(types.get(oid));
    }

    /** The types that were learned. */
    public Set<Long> oids() {
        return Set.copyOf(types.keySet());
    }

    private void meetOutdated() {
        outdated = true;
    }

    private TypeCodec make(long oid) {
        PgType type = types.get(oid);
        if (type instanceof PgType.Domain domain) {
            return codec(domain.baseOid());
        } else if (type instanceof PgType.Array array) {
            return new ArrayCodec(array.name(), codec(array.elementOid()), array.delimiter());
        } else if (type instanceof PgType.Composite composite) {
            CompositeCodec codec = composites.get(oid);
            if (codec == null) {
                codec = new CompositeCodec(composite.name(), this::meetOutdated);
                describe(codec, oid);
                composites.put(oid, codec);
            }
            return codec;
        } else if (type instanceof PgType.Enumerated) {
            return new EnumCodec(labels(oid));
        } else if (type instanceof PgType.Range range) {
            return rangeCodec(range);
        } else if (type instanceof PgType.Base base
                && base.extension().equals(HSTORE)
                && base.name().equals(HSTORE)) {
            return new HstoreCodec();
        } else if (type instanceof PgType.Base base
                && base.extension().equals(CUBE)
                && base.name().equals(CUBE)) {
            return FloatListCodec.cube();
        }
        return TextCodec.INSTANCE;
    }

    private void describe(CompositeCodec codec, long oid) {
        if (types.get(oid) instanceof PgType.Composite composite) {
            List<PgType.Attribute> attributes = composite.attributes();
            codec.describe(
                    attributes.stream().map(PgType.Attribute::name).toList(),
                    attributes.stream()
                            .map(attribute -> codec(attribute.typeOid()))
                            .toList());
        }
    }

    private TypeCodec rangeCodec(PgType.Range range) {
        long subtype = baseType(range.subtypeOid());
        if (subtype == TypeOid.FLOAT8) {
            return FloatListCodec.rangeOfFloat8(range.name());
        }
        return subtype == TypeOid.FLOAT4 ? FloatListCodec.rangeOfFloat4(range.name()) : TextCodec.INSTANCE;
    }
}
