// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32;

/**
 * Lines in a file that a process appends to until it is killed: each has a checksum, so that one that was not written whole
 * counts as not written. A line that holds a change and its position has both or none.
 */
final class Journal implements AutoCloseable {
    private final OutputStream out;
    private final StringBuilder waiting = new StringBuilder();

    private Journal(OutputStream out) {
        this.out = out;
    }

    /** Goes on behind the last whole line. */
    static Journal append(Path file) throws IOException {
        long length =
                read(file).stream().mapToLong(line -> marked(line).length()).sum();
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            channel.truncate(length);
        }
        return new Journal(Files.newOutputStream(file, StandardOpenOption.APPEND));
    }

    /** The whole lines, without what follows the first that is not. */
    static List<String> read(Path file) throws IOException {
        List<String> lines = new ArrayList<>();
        if (Files.exists(file)) {
            String content = Files.readString(file, StandardCharsets.US_ASCII);
            int start = 0;
            for (int end = content.indexOf('\n'); end >= 0; end = content.indexOf('\n', start)) {
                String line = content.substring(start, end).replaceFirst("^\\w+ ", "");
                if (!content.substring(start, end + 1).equals(marked(line))) {
                    break;
                }
                lines.add(line);
                start = end + 1;
            }
        }
        return lines;
    }

    private static String marked(String line) {
        CRC32 crc = new CRC32();
        crc.update(line.getBytes(StandardCharsets.US_ASCII));
        return Long.toHexString(crc.getValue()) + " " + line + "\n";
    }

    void add(String line) {
        waiting.append(marked(line));
    }

    /** Gives the lines to the operating system, which keeps them when the process is killed. */
    void flush() throws IOException {
        out.write(waiting.toString().getBytes(StandardCharsets.US_ASCII));
        waiting.setLength(0);
    }

    @Override
    public void close() throws IOException {
        out.close();
    }
}
