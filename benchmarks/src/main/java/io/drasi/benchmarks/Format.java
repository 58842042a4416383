// SPDX-License-Identifier: Apache-2.0
package io.drasi.benchmarks;

import io.drasi.model.ElementValue;
import io.drasi.source.postgres.types.TypeCodec;

/** How the server sends a value. A sample has its bytes in each format. */
public enum Format {
    /** What the type's output function prints. */
    TEXT {
        @Override
        ElementValue decode(TypeCodec codec, byte[] bytes) {
            return codec.decodeText(bytes, 0, bytes.length);
        }
    };

    abstract ElementValue decode(TypeCodec codec, byte[] bytes);
}
