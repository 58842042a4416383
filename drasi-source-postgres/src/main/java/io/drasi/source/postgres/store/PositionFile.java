// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.store;

import io.drasi.model.Position;
import io.drasi.model.PositionStoreException;
import io.drasi.model.StoredPosition;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.zip.CRC32C;

/**
 * The content of a file of positions: lines of text, each of which begins with the checksum of all bytes before it and of
 * its own text, so that the first damaged one is known.
 *
 * <pre>
 * 5d1c9a0e drasi-positions 1
 * 0b7e42f1 source shop
 * 93ac55d8 query open-orders 0/16B3748:-1 PostgreSQL+system+7301…%2C+slot+drasi_slot
 * e2210c4b end 1
 * </pre>
 */
final class PositionFile {
    private static final String FORMAT = "drasi-positions ";
    private static final String VERSION = "1";
    private static final int CHECKSUM_LENGTH = 8;

    private final Path file;
    private final byte[] bytes;
    private final CRC32C checksum = new CRC32C();
    private int offset;

    private PositionFile(Path file, byte[] bytes) {
        this.file = file;
        this.bytes = bytes;
    }

    static byte[] encode(String sourceId, SortedMap<String, StoredPosition> positions) {
        StringBuilder lines = new StringBuilder();
        CRC32C checksum = new CRC32C();
        append(lines, checksum, FORMAT + VERSION);
        append(lines, checksum, "source " + encoded(sourceId));
        positions.forEach((queryId, stored) -> append(
                lines,
                checksum,
                "query " + encoded(queryId) + " " + stored.position() + " " + encoded(stored.origin())));
        append(lines, checksum, "end " + positions.size());
        return lines.toString().getBytes(StandardCharsets.US_ASCII);
    }

    private static void append(StringBuilder lines, CRC32C checksum, String text) {
        checksum.update((text + "\n").getBytes(StandardCharsets.US_ASCII));
        lines.append(hex(checksum)).append(' ').append(text).append('\n');
    }

    private static String hex(CRC32C checksum) {
        return HexFormat.of().toHexDigits((int) checksum.getValue());
    }

    /**
     * @param file for the messages
     * @throws PositionStoreException if the content is damaged, of another format, or of another source
     */
    static SortedMap<String, StoredPosition> decode(Path file, byte[] bytes, String sourceId) {
        return new PositionFile(file, bytes).decode(sourceId);
    }

    private SortedMap<String, StoredPosition> decode(String sourceId) {
        String format = line();
        if (!format.startsWith(FORMAT)) {
            throw damaged(0, "it does not begin as a file of positions");
        }
        if (!format.equals(FORMAT + VERSION)) {
            throw new PositionStoreException(
                    "the positions in " + file + " have the format '" + format + "', and this program reads '" + FORMAT
                            + VERSION + "': they were written by a later version of it. Run that one.",
                    null);
        }
        String source = value(line(), 0, "source");
        if (!source.equals(sourceId)) {
            throw new PositionStoreException(
                    "the positions in " + file + " are those of source '" + source + "', not of '" + sourceId
                            + "'. Give each source a directory of its own.",
                    null);
        }
        SortedMap<String, StoredPosition> positions = new TreeMap<>();
        int start = offset;
        for (String line = line(); !line.startsWith("end "); line = line()) {
            Map.Entry<String, StoredPosition> entry = query(line, start);
            if (positions.put(entry.getKey(), entry.getValue()) != null) {
                throw damaged(start, "query '" + entry.getKey() + "' is in it twice");
            }
            start = offset;
        }
        requireEnd(start, positions.size());
        return positions;
    }

    private void requireEnd(int start, int count) {
        if (!new String(
                        bytes,
                        start + CHECKSUM_LENGTH + 1,
                        offset - start - CHECKSUM_LENGTH - 2,
                        StandardCharsets.US_ASCII)
                .equals("end " + count)) {
            throw damaged(start, "it says that it has another number of queries than " + count);
        }
        if (offset < bytes.length) {
            throw damaged(offset, "it goes on behind its end");
        }
    }

    private Map.Entry<String, StoredPosition> query(String line, int start) {
        String[] words = line.split(" ", -1);
        if (words.length != 4 || !words[0].equals("query")) {
            throw damaged(start, "a line is none of a position");
        }
        try {
            StoredPosition stored = new StoredPosition(Position.parse(words[2]), decoded(words[3]));
            return Map.entry(decoded(words[1]), stored);
        } catch (IllegalArgumentException e) {
            throw damaged(start, String.valueOf(e.getMessage()));
        }
    }

    private String value(String line, int start, String name) {
        if (!line.startsWith(name + " ")) {
            throw damaged(start, "it has no line '" + name + "'");
        }
        return decoded(line.substring(name.length() + 1));
    }

    /** The text of the next line. */
    private String line() {
        int start = offset;
        int end = start;
        while (end < bytes.length && bytes[end] != '\n') {
            end++;
        }
        if (end == bytes.length) {
            throw damaged(bytes.length, "its end is missing");
        }
        int text = start + CHECKSUM_LENGTH + 1;
        if (end < text || bytes[text - 1] != ' ') {
            throw damaged(start, "a line has no checksum");
        }
        checksum.update(ByteBuffer.wrap(bytes, text, end + 1 - text));
        String expected = new String(bytes, start, CHECKSUM_LENGTH, StandardCharsets.ISO_8859_1);
        if (!expected.equals(hex(checksum))) {
            throw damaged(start, "the checksum does not fit");
        }
        offset = end + 1;
        return new String(bytes, text, end - text, StandardCharsets.US_ASCII);
    }

    private PositionStoreException damaged(int where, String how) {
        return new PositionStoreException(
                "the file of positions " + file + " is damaged at byte " + where + ": " + how
                        + ". Put back a copy of it; or delete it, then each query begins as if for the first time, and"
                        + " needs a bootstrap to miss nothing.",
                null);
    }

    /**
     * One word of ASCII.
     *
     * @throws IllegalArgumentException if it can't be told from another one, as it is no Unicode
     */
    static String encoded(String text) {
        String word = URLEncoder.encode(text, StandardCharsets.UTF_8);
        if (!decoded(word).equals(text)) {
            throw new IllegalArgumentException("'" + text + "' holds half of a surrogate pair");
        }
        return word;
    }

    private static String decoded(String word) {
        return URLDecoder.decode(word, StandardCharsets.UTF_8);
    }
}
