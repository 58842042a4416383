// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg.output;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.SerializableString;
import com.fasterxml.jackson.core.io.SerializedString;
import io.drasi.model.ElementProperties;
import io.drasi.model.ElementValue;
import io.drasi.model.PropertyNames;
import java.io.IOException;
import java.util.IdentityHashMap;

/** Property values as JSON, exact: what JSON numbers cannot say is a string. */
final class JsonValues {
    /** Names belong to tables, of which there are few; this bounds the memory if a source makes new ones for ever. */
    private static final int MAX_CACHED_NAMES = 10_000;

    private final JsonGenerator json;
    private final IsoText iso = new IsoText();
    private final IdentityHashMap<PropertyNames, SerializableString[]> encodedNames = new IdentityHashMap<>();

    JsonValues(JsonGenerator json) {
        this.json = json;
    }

    /** The properties of a row: their names are shared by all rows of a table. */
    void writeProperties(SerializableString name, ElementProperties properties) throws IOException {
        SerializableString[] names = encoded(properties.names());
        json.writeFieldName(name);
        json.writeStartObject();
        for (int i = 0; i < names.length; i++) {
            if (properties.isPresent(i)) {
                json.writeFieldName(names[i]);
                write(properties.get(i).orElseThrow());
            }
        }
        json.writeEndObject();
    }

    private SerializableString[] encoded(PropertyNames names) {
        SerializableString[] encoded = encodedNames.get(names);
        if (encoded == null) {
            if (encodedNames.size() >= MAX_CACHED_NAMES) {
                encodedNames.clear();
            }
            encoded = names.asList().stream().map(SerializedString::new).toArray(SerializableString[]::new);
            encodedNames.put(names, encoded);
        }
        return encoded;
    }

    private void write(ElementValue value) throws IOException {
        if (value instanceof ElementValue.StringValue string) {
            json.writeString(string.value());
        } else if (value instanceof ElementValue.IntegerValue integer) {
            json.writeNumber(integer.value());
        } else if (value instanceof ElementValue.NullValue) {
            json.writeNull();
        } else if (value instanceof ElementValue.BoolValue bool) {
            json.writeBoolean(bool.value());
        } else if (value instanceof ElementValue.FloatValue number) {
            // NaN and the infinities become the strings "NaN", "Infinity" and "-Infinity".
            json.writeNumber(number.value());
        } else if (value instanceof ElementValue.DecimalValue decimal) {
            // Not writeNumber(BigDecimal): it refuses scales above 9,999, and numeric has up to 16,383.
            json.writeNumber(decimal.value().toPlainString());
        } else {
            writeRarer(value);
        }
    }

    private void writeRarer(ElementValue value) throws IOException {
        if (value instanceof ElementValue.ZonedDateTimeValue time) {
            write(iso.set(time.value()));
        } else if (value instanceof ElementValue.LocalDateTimeValue time) {
            write(iso.set(time.value()));
        } else if (value instanceof ElementValue.LocalDateValue date) {
            write(iso.set(date.value()));
        } else if (value instanceof ElementValue.LocalTimeValue time) {
            write(iso.set(time.value()));
        } else if (value instanceof ElementValue.BytesValue bytes) {
            json.writeBinary(bytes.toByteArray());
        } else if (value instanceof ElementValue.ListValue list) {
            json.writeStartArray();
            for (ElementValue element : list.values()) {
                write(element);
            }
            json.writeEndArray();
        } else if (value instanceof ElementValue.ObjectValue object) {
            writeObject(object.properties());
        }
    }

    private void write(IsoText text) throws IOException {
        json.writeString(text.buffer(), 0, text.length());
    }

    /** Names of a nested object may be different in each row, as in hstore. */
    private void writeObject(ElementProperties properties) throws IOException {
        json.writeStartObject();
        for (int i = 0; i < properties.names().size(); i++) {
            if (properties.isPresent(i)) {
                json.writeFieldName(properties.names().get(i));
                write(properties.get(i).orElseThrow());
            }
        }
        json.writeEndObject();
    }
}
