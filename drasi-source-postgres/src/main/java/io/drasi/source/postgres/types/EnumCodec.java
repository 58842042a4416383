// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.types;

import io.drasi.model.ElementValue.StringValue;

/** An enum: its label. */
final class EnumCodec implements TypeCodec {
    private final EnumLabels labels;

    EnumCodec(EnumLabels labels) {
        this.labels = labels;
    }

    @Override
    public StringValue decodeText(byte[] array, int offset, int length) {
        StringValue label = TextCodec.INSTANCE.decodeText(array, offset, length);
        labels.meet(label.value());
        return label;
    }
}
