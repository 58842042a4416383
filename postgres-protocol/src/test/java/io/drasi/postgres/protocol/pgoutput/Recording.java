// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.protocol.pgoutput;

import io.drasi.postgres.protocol.wire.ByteSlice;
import io.drasi.postgres.protocol.wire.Decoding;
import io.drasi.testkit.Bytes;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The messages that a real server sent, each with what it says. In its file a message is a line of {@link MessageText}, and
 * after it, indented, lines with its bytes in hexadecimal. Lines that begin with {@code #} say where they come from.
 *
 * @param name of the file, without its ending
 */
record Recording(String name, List<String> comments, List<Message> messages) {
    private static final String FOLDER = "/recorded/";
    private static final String ENDING = ".txt";
    private static final String INDENT = "    ";
    private static final int BYTES_IN_LINE = 64;

    /** Those of protocol version 1. */
    static final List<String> VERSION_1 =
            List.of("postgres-10", "postgres-14", "postgres-14-binary", "postgres-18", "postgres-18-binary");

    /** Those of later versions. */
    static final List<String> STREAMED = List.of(
            "postgres-14-streaming-on",
            "postgres-15-streaming-on",
            "postgres-16-streaming-on",
            "postgres-16-streaming-parallel",
            "postgres-18-streaming-on",
            "postgres-18-streaming-parallel",
            "postgres-18-streaming-parallel-immediate");

    private static final Pattern PROTOCOL_VERSION = Pattern.compile("proto_version (\\d)");

    /** All that there are. */
    static List<String> names() {
        return Stream.concat(VERSION_1.stream(), STREAMED.stream()).toList();
    }

    /** @param text what the message says */
    record Message(String text, ByteSlice bytes) {
        @Override
        public String toString() {
            return text;
        }
    }

    /** Of a decoder for the stream, whose options are in the comments. */
    DecoderState state(boolean inBlock) {
        String options = String.join(" ", comments);
        Matcher version = PROTOCOL_VERSION.matcher(options);
        if (!version.find()) {
            throw new IllegalStateException("no protocol version in: " + options);
        }
        return new DecoderState(Integer.parseInt(version.group(1)), options.contains("streaming parallel"), inBlock);
    }

    /** All messages, from one decoder. */
    List<PgOutputMessage> decoded() {
        PgOutputDecoder decoder = state(false).decoder();
        return messages.stream()
                .map(message -> Decoding.decode(decoder::decode, message.bytes().toByteArray()))
                .toList();
    }

    static Recording read(String name) {
        String file = FOLDER + name + ENDING;
        try (InputStream in = Objects.requireNonNull(Recording.class.getResourceAsStream(file), file)) {
            return parse(
                    name,
                    new String(in.readAllBytes(), StandardCharsets.UTF_8)
                            .lines()
                            .toList());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Recording parse(String name, List<String> lines) {
        List<String> comments = new ArrayList<>();
        List<Message> messages = new ArrayList<>();
        StringBuilder hex = new StringBuilder();
        String text = "";
        for (String line : lines) {
            if (line.startsWith("#")) {
                comments.add(line);
            } else if (line.startsWith(INDENT)) {
                hex.append(line);
            } else {
                add(messages, text, hex);
                text = line;
            }
        }
        add(messages, text, hex);
        return new Recording(name, comments, messages);
    }

    private static void add(List<Message> messages, String text, StringBuilder hex) {
        if (!text.isEmpty()) {
            messages.add(new Message(text, ByteSlice.of(Bytes.hex(hex.toString()))));
            hex.setLength(0);
        }
    }

    /**
     * @param resources the folder that {@link #read} finds its files in
     */
    void write(Path resources) {
        List<String> lines = new ArrayList<>(comments);
        for (Message message : messages) {
            lines.add(message.text());
            String hex = HexFormat.of().formatHex(message.bytes().toByteArray());
            for (int start = 0; start < hex.length(); start += 2 * BYTES_IN_LINE) {
                lines.add(INDENT + hex.substring(start, Math.min(start + 2 * BYTES_IN_LINE, hex.length())));
            }
        }
        try {
            Path folder = Files.createDirectories(Path.of(resources + FOLDER));
            Files.write(folder.resolve(name + ENDING), lines);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
