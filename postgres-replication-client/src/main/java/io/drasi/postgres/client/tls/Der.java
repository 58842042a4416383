// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.client.tls;

import io.drasi.postgres.protocol.wire.ByteCursor;
import java.io.ByteArrayOutputStream;
import java.security.PublicKey;
import java.util.HexFormat;

/** The little of DER (X.690) that it takes to make a PKCS#8 key of a traditional one. */
final class Der {
    private static final int OCTET_STRING = 0x04;
    private static final int SEQUENCE = 0x30;
    private static final byte[] VERSION_0 = HexFormat.of().parseHex("020100");
    private static final int LONG_FORM = 0x80;

    private Der() {}

    /**
     * Wraps an RSAPrivateKey (RFC 8017, A.1.2) or ECPrivateKey (RFC 5915, 3) as PKCS#8 (RFC 5208):
     * {@code SEQUENCE { version 0, AlgorithmIdentifier, OCTET STRING key }}.
     *
     * @param publicKey that belongs to it, of the certificate: it names the algorithm, and an EC key's curve, which the
     *     traditional form may leave out
     */
    static byte[] pkcs8(byte[] traditional, PublicKey publicKey) {
        return element(SEQUENCE, VERSION_0, algorithmOf(publicKey), element(OCTET_STRING, traditional));
    }

    // SubjectPublicKeyInfo ::= SEQUENCE { AlgorithmIdentifier, BIT STRING }
    private static byte[] algorithmOf(PublicKey publicKey) {
        ByteCursor info = new ByteCursor(publicKey.getEncoded());
        readHeader(info);
        int from = info.position();
        int length = readHeader(info);
        int headerLength = info.position() - from;
        ByteCursor algorithm = new ByteCursor(info.array(), from, from + headerLength + length);
        return algorithm.readRest().toByteArray();
    }

    /** Reads a tag and a length, and returns the length. */
    private static int readHeader(ByteCursor cursor) {
        cursor.skip(1);
        int length = cursor.readUnsignedByte();
        if (length < LONG_FORM) {
            return length;
        }
        int bytes = length - LONG_FORM;
        length = 0;
        for (int i = 0; i < bytes; i++) {
            length = length << 8 | cursor.readUnsignedByte();
        }
        return length;
    }

    private static byte[] element(int tag, byte[]... parts) {
        int length = 0;
        for (byte[] part : parts) {
            length += part.length;
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(tag);
        writeLength(out, length);
        for (byte[] part : parts) {
            out.writeBytes(part);
        }
        return out.toByteArray();
    }

    private static void writeLength(ByteArrayOutputStream out, int length) {
        if (length < LONG_FORM) {
            out.write(length);
            return;
        }
        // DER wants the shortest form.
        int bytes = (Integer.SIZE - Integer.numberOfLeadingZeros(length) + 7) / 8;
        out.write(LONG_FORM + bytes);
        for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
            out.write(length >> shift);
        }
    }
}
