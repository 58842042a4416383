// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg.options;

import io.drasi.pg.libpq.ConnectionString;
import io.drasi.source.postgres.config.TableKeyConfig;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What one place says about a source: possibly nothing, possibly everything. Immutable. */
public final class SourceOptions {
    private final Map<SourceOption, Given> values;
    private final Optional<List<String>> tables;
    private final Optional<List<TableKeyConfig>> tableKeys;

    private SourceOptions(
            Map<SourceOption, Given> values, Optional<List<String>> tables, Optional<List<TableKeyConfig>> tableKeys) {
        this.values = values;
        this.tables = tables.map(List::copyOf);
        this.tableKeys = tableKeys.map(List::copyOf);
    }

    public static SourceOptions none() {
        return new SourceOptions(Map.of(), Optional.empty(), Optional.empty());
    }

    /** These options, and one more; an empty value counts as not given, as in libpq. */
    public SourceOptions with(SourceOption option, String value, String origin) {
        if (value.isEmpty()) {
            return this;
        }
        Map<SourceOption, Given> more = new EnumMap<>(SourceOption.class);
        more.putAll(values);
        more.put(option, new Given(value, origin));
        return new SourceOptions(more, tables, tableKeys);
    }

    public SourceOptions withTables(List<String> names) {
        return new SourceOptions(values, Optional.of(names), tableKeys);
    }

    public SourceOptions withTableKeys(List<TableKeyConfig> keys) {
        return new SourceOptions(values, tables, Optional.of(keys));
    }

    /** These options, and from {@code lower} those that are not given here. */
    public SourceOptions over(SourceOptions lower) {
        Map<SourceOption, Given> all = new EnumMap<>(SourceOption.class);
        all.putAll(lower.values);
        all.putAll(values);
        return new SourceOptions(all, tables.or(() -> lower.tables), tableKeys.or(() -> lower.tableKeys));
    }

    /**
     * Reads a URI, or keywords with values.
     *
     * @throws OptionException if {@code text} is not well-formed, or says what we cannot do
     */
    public static SourceOptions ofConnectionString(String text) {
        Map<String, String> parameters;
        try {
            parameters = ConnectionString.parse(text);
        } catch (IllegalArgumentException e) {
            throw new OptionException(String.valueOf(e.getMessage()), e);
        }
        SourceOptions options = none();
        for (Map.Entry<String, String> parameter : parameters.entrySet()) {
            Optional<SourceOption> option = SourceOption.ofLibpqKeyword(parameter.getKey());
            String origin = parameter.getKey() + " in the connection string";
            if (option.isPresent()) {
                options = options.with(option.get(), parameter.getValue(), origin);
            } else {
                OtherParameters.requireHarmless(parameter.getKey(), parameter.getValue(), origin);
            }
        }
        return options;
    }

    /**
     * libpq's environment variables; an empty one counts as not set.
     *
     * @throws OptionException if one says what we cannot do
     */
    public static SourceOptions ofEnvironment(Map<String, String> environment) {
        OtherParameters.requireHarmless(environment);
        SourceOptions options = none();
        for (SourceOption option : SourceOption.values()) {
            String value = environment.getOrDefault(option.environmentVariable(), "");
            options = options.with(option, value, option.environmentVariable());
        }
        return options;
    }

    Optional<Given> get(SourceOption option) {
        return Optional.ofNullable(values.get(option));
    }

    public boolean has(SourceOption option) {
        return values.containsKey(option);
    }

    public Optional<List<String>> tables() {
        return tables;
    }

    public Optional<List<TableKeyConfig>> tableKeys() {
        return tableKeys;
    }

    /** Names of options only: a value may be a secret. */
    @Override
    public String toString() {
        return "SourceOptions" + values.keySet();
    }
}
