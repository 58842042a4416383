// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types.binary;

import io.drasi.model.ElementValue;
import io.drasi.model.ElementValue.StringValue;
import io.drasi.source.postgres.types.EnumLabels;

/** An enum: its label. */
final class EnumBinaryCodec implements BinaryCodec {
    private final BinaryCodec string;
    private final EnumLabels labels;

    EnumBinaryCodec(String typeName, EnumLabels labels) {
        this.string = StringBinaryCodec.plain(typeName);
        this.labels = labels;
    }

    @Override
    public ElementValue decode(byte[] array, int offset, int length) {
        StringValue label = (StringValue) string.decode(array, offset, length);
        labels.meet(label.value());
        return label;
    }

    @Override
    public void appendText(byte[] array, int offset, int length, StringBuilder text) {
        string.appendText(array, offset, length, text);
    }
}
