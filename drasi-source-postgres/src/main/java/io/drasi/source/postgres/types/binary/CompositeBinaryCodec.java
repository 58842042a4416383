// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types.binary;

import io.drasi.model.ElementProperties;
import io.drasi.model.ElementValue;
import io.drasi.model.ElementValue.ObjectValue;
import io.drasi.model.PropertyNames;
import io.drasi.source.postgres.types.PgType;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A composite: how many fields, and of each its type and its value. A value with other fields than the type is known to have
 * was made before or after the type was altered; only its text can be given then.
 */
final class CompositeBinaryCodec implements BinaryCodec {
    private static final String SPECIAL = "(),";

    private final String typeName;
    private final PropertyNames names;
    private final List<PgType.Attribute> attributes;
    private final List<BinaryCodec> codecs;

    CompositeBinaryCodec(String typeName, List<PgType.Attribute> attributes, List<BinaryCodec> codecs) {
        this.typeName = typeName;
        this.names =
                PropertyNames.of(attributes.stream().map(PgType.Attribute::name).toList());
        this.attributes = attributes;
        this.codecs = List.copyOf(codecs);
    }

    @Override
    public ElementValue decode(byte[] array, int offset, int length) {
        BinaryCursor value = begin(array, offset, length);
        @Nullable ElementValue[] fields = new ElementValue[codecs.size()];
        for (int i = 0; i < fields.length; i++) {
            int size = fieldLength(value, i);
            fields[i] = size == BinaryCursor.NULL
                    ? ElementValue.NULL
                    : codecs.get(i).decode(array, value.skip(size), size);
        }
        value.expectEnd();
        return new ObjectValue(ElementProperties.owning(names, fields));
    }

    @Override
    public void appendText(byte[] array, int offset, int length, StringBuilder text) {
        BinaryCursor value = begin(array, offset, length);
        text.append('(');
        for (int i = 0; i < codecs.size(); i++) {
            text.append(i == 0 ? "" : ",");
            int size = fieldLength(value, i);
            if (size == BinaryCursor.NULL) {
                continue;
            }
            StringBuilder field = new StringBuilder();
            codecs.get(i).appendText(array, value.skip(size), size, field);
            if (Quoting.needed(field, SPECIAL)) {
                Quoting.appendDoubling(field, text);
            } else {
                text.append(field);
            }
        }
        text.append(')');
        value.expectEnd();
    }

    private BinaryCursor begin(byte[] array, int offset, int length) {
        BinaryCursor value = new BinaryCursor(typeName, array, offset, length);
        if (value.readInt32() != codecs.size()) {
            throw value.changed();
        }
        return value;
    }

    private int fieldLength(BinaryCursor value, int index) {
        if (value.readUnsignedInt32() != attributes.get(index).typeOid()) {
            throw value.changed();
        }
        return value.readPartLength();
    }
}
