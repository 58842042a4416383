// SPDX-License-Identifier: Apache-2.0
package io.drasi.benchmarks;

import io.drasi.model.ElementValue;
import io.drasi.source.postgres.types.TypeCodec;

/** A value as the server sends it, and what reads it. */
final class Encoded {
    private final Format format;
    private final TypeCodec codec;
    private final byte[] bytes;

    Encoded(Format format, TypeCodec codec, byte[] bytes) {
        this.format = format;
        this.codec = codec;
        this.bytes = bytes;
    }

    ElementValue decode() {
        return format.decode(codec, bytes);
    }
}
