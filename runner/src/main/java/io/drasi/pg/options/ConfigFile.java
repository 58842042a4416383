// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg.options;

import io.drasi.source.postgres.config.TableKeyConfig;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;
import org.yaml.snakeyaml.nodes.Tag;

/**
 * The YAML file of {@code --config}. Its keys are the specification's option names; it describes one source, or several
 * in a list under {@code sources}:
 *
 * <pre>{@code
 * id: shop
 * host: db.example.com              # or several: [db1.example.com, db2.example.com]
 * database: shop
 * user: drasi
 * tables: [users, orders]
 * table_keys:
 *   - table: users
 *     key_columns: [user_id]
 * }</pre>
 */
public final class ConfigFile {
    private static final String SOURCES = "sources";
    private static final String TABLES = "tables";
    private static final String TABLE_KEYS = "table_keys";
    private static final String TABLE = "table";
    private static final String KEY_COLUMNS = "key_columns";
    /** Of values without a tag of their own, and {@code !!str}. */
    private static final Set<Tag> PLAIN_TAGS = Set.of(Tag.STR, Tag.INT, Tag.FLOAT, Tag.BOOL, Tag.TIMESTAMP, Tag.MERGE);

    private final String name;

    private ConfigFile(String name) {
        this.name = name;
    }

    /**
     * Reads the file; no value is checked yet.
     *
     * @return one entry per source, at least one
     * @throws OptionException if the file cannot be read, is not YAML, or has a key or value that makes no sense
     */
    public static List<SourceOptions> read(Path file) {
        try {
            return parse(file.toString(), Files.readString(file));
        } catch (IOException e) {
            throw new OptionException("cannot read the configuration file " + file + ": " + reason(e), e);
        }
    }

    private static String reason(IOException failure) {
        return failure instanceof java.nio.file.NoSuchFileException
                ? "there is no such file"
                : String.valueOf(failure.getMessage());
    }

    static List<SourceOptions> parse(String name, String yaml) {
        try {
            Node root = new Yaml(new LoaderOptions()).compose(new StringReader(yaml));
            if (!(root instanceof MappingNode mapping)) {
                throw new OptionException(name + " must hold lines of 'option: value', or begin with 'sources:'");
            }
            return new ConfigFile(name).sources(mapping);
        } catch (MarkedYAMLException e) {
            // The exception's own words quote the file, which may hold the password: neither they nor the cause are
            // kept.
            Mark mark = e.getProblemMark();
            throw new OptionException(name + " is not valid YAML at line " + (mark.getLine() + 1) + ", column "
                    + (mark.getColumn() + 1) + ". A value with special characters belongs in single quotes");
        } catch (YAMLException e) {
            throw new OptionException(name + " is not valid YAML");
        }
    }

    private List<SourceOptions> sources(MappingNode root) {
        Map<String, Node> properties = properties(root, "");
        Node list = properties.get(SOURCES);
        if (list == null) {
            return List.of(source(properties, ""));
        }
        if (properties.size() > 1) {
            throw new OptionException(name + " has options beside 'sources': move them into the entries of the list");
        }
        if (!(list instanceof SequenceNode sequence) || sequence.getValue().isEmpty()) {
            throw new OptionException("sources in " + name + " must be a list of at least one source");
        }
        List<SourceOptions> sources = new ArrayList<>();
        for (Node entry : sequence.getValue()) {
            String prefix = SOURCES + "[" + sources.size() + "].";
            if (!(entry instanceof MappingNode mapping)) {
                throw new OptionException(
                        SOURCES + "[" + sources.size() + "] in " + name + " must hold lines of 'option: value'");
            }
            sources.add(source(properties(mapping, prefix), prefix));
        }
        return sources;
    }

    private Map<String, Node> properties(MappingNode mapping, String prefix) {
        Map<String, Node> properties = new LinkedHashMap<>();
        for (NodeTuple tuple : mapping.getValue()) {
            String key = text(tuple.getKeyNode(), "a key in " + name);
            if (properties.put(key, tuple.getValueNode()) != null) {
                throw new OptionException(name + " has the key '" + prefix + key + "' twice");
            }
        }
        return properties;
    }

    private SourceOptions source(Map<String, Node> properties, String prefix) {
        SourceOptions options = SourceOptions.none();
        for (Map.Entry<String, Node> property : properties.entrySet()) {
            String key = property.getKey();
            String origin = prefix + key + " in " + name;
            Node value = property.getValue();
            if (key.equals(TABLES)) {
                options = options.withTables(texts(value, origin));
            } else if (key.equals(TABLE_KEYS)) {
                options = options.withTableKeys(tableKeys(value, origin));
            } else {
                SourceOption option = SourceOption.ofOptionName(key).orElseThrow(() -> unknownKey(key, prefix));
                options = options.with(option, isList(option) ? listText(value, origin) : text(value, origin), origin);
            }
        }
        return options;
    }

    private static boolean isList(SourceOption option) {
        return option == SourceOption.HOST || option == SourceOption.PORT;
    }

    /** A list becomes libpq's form of one, with commas between. */
    private static String listText(Node value, String origin) {
        if (!(value instanceof SequenceNode)) {
            return text(value, origin);
        }
        List<String> texts = texts(value, origin);
        if (texts.isEmpty()) {
            throw new OptionException(origin + " must have at least one value");
        }
        return String.join(",", texts);
    }

    private OptionException unknownKey(String key, String prefix) {
        Set<String> known = new LinkedHashSet<>();
        Arrays.stream(SourceOption.values()).map(SourceOption::optionName).forEach(known::add);
        known.addAll(List.of(TABLES, TABLE_KEYS, SOURCES));
        return new OptionException(name + " has the unknown key '" + prefix + key + "'; did you mean '"
                + Spelling.nearest(key, known) + "'?");
    }

    private List<TableKeyConfig> tableKeys(Node list, String origin) {
        String form = origin + " must be a list of {table: …, key_columns: […]}, with these two keys each";
        if (!(list instanceof SequenceNode sequence)) {
            throw new OptionException(form);
        }
        List<TableKeyConfig> keys = new ArrayList<>();
        for (Node entry : sequence.getValue()) {
            if (!(entry instanceof MappingNode mapping)) {
                throw new OptionException(form);
            }
            Map<String, Node> properties = properties(mapping, origin + ": ");
            Node table = properties.get(TABLE);
            Node columns = properties.get(KEY_COLUMNS);
            if (table == null || columns == null || properties.size() != 2) {
                throw new OptionException(form);
            }
            keys.add(tableKey(text(table, origin), texts(columns, origin), origin));
        }
        return keys;
    }

    private static TableKeyConfig tableKey(String table, List<String> columns, String origin) {
        try {
            return new TableKeyConfig(table, columns);
        } catch (IllegalArgumentException e) {
            throw new OptionException(origin + ": " + e.getMessage(), e);
        }
    }

    private static List<String> texts(Node list, String origin) {
        if (!(list instanceof SequenceNode sequence)) {
            throw new OptionException(origin + " must be a list, e.g. [users, orders]");
        }
        return sequence.getValue().stream()
                .map(element -> text(element, origin))
                .toList();
    }

    /** The scalar as it is written: a password {@code 0123} must not become the number 83. */
    private static String text(Node value, String origin) {
        if (!(value instanceof ScalarNode scalar) || scalar.getTag().equals(Tag.NULL)) {
            throw new OptionException(origin + " must have a single value");
        }
        if (!PLAIN_TAGS.contains(scalar.getTag())) {
            throw new OptionException(
                    origin + " has a tag, as it begins with '!': a value like that belongs in single quotes");
        }
        return scalar.getValue();
    }
}
