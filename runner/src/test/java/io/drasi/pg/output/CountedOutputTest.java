// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg.output;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drasi.testkit.Proc;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CountedOutputTest {
    @Test
    void countsAsWrittenOnlyWhatTheTargetHasTaken() throws IOException {
        ByteArrayOutputStream target = new ByteArrayOutputStream();
        CountedOutput output = new CountedOutput(target);
        output.write(new byte[100]);
        output.write('x');
        assertThat(output.accepted()).isEqualTo(101);
        assertThat(output.written()).isZero();
        output.flush();
        assertThat(output.written()).isEqualTo(101);
        assertThat(target.size()).isEqualTo(101);
    }

    @Test
    void passesOnMoreThanItsBufferHolds() throws IOException {
        ByteArrayOutputStream target = new ByteArrayOutputStream();
        CountedOutput output = new CountedOutput(target);
        byte[] bytes = new byte[300_000];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (i % 251);
        }
        output.write(bytes, 0, 10);
        output.write(bytes, 10, bytes.length - 10);
        assertThat(output.written()).isBetween(1L, 300_000L);
        output.flush();
        assertThat(Arrays.equals(target.toByteArray(), bytes)).isTrue();
        assertThat(output.written()).isEqualTo(output.accepted()).isEqualTo(300_000);
    }

    private static CountedOutput failing(boolean hasReader) {
        return new CountedOutput(
                new OutputStream() {
                    @Override
                    public void write(int octet) throws IOException {
                        throw new IOException("Daten\u00fcbergabe unterbrochen (broken pipe)");
                    }
                },
                hasReader);
    }

    @Test
    void knowsInEveryLanguageThatTheReaderHasGone() throws IOException {
        CountedOutput output = failing(true);
        output.write(1);
        assertThatThrownBy(output::flush).isInstanceOf(OutputClosedException.class);
        assertThatThrownBy(output::flush).isInstanceOf(OutputClosedException.class);
    }

    @Test
    void keepsTheErrorOfAnOutputThatHasNoReader() throws IOException {
        CountedOutput output = failing(false);
        output.write(1);
        assertThatThrownBy(output::flush).isExactlyInstanceOf(IOException.class);
    }

    @Test
    void tellsPipesFromFiles(@TempDir Path directory) throws IOException {
        Path pipe = directory.resolve("pipe");
        Proc.of("mkfifo", pipe.toString()).run(Duration.ofSeconds(30)).requireSuccess();
        assertThat(CountedOutput.hasReader(pipe)).isTrue();
        assertThat(CountedOutput.hasReader(Files.createFile(directory.resolve("file"))))
                .isFalse();
        assertThat(CountedOutput.hasReader(directory.resolve("nothing"))).isFalse();
        assertThat(CountedOutput.hasReader(Path.of("/dev/full"))).isFalse();
    }

    @Test
    void countsNothingOfAWriteThatFailedAndNeverWritesAgain() throws IOException {
        int[] writes = {0};
        CountedOutput output = new CountedOutput(new OutputStream() {
            @Override
            public void write(int octet) {
                throw new AssertionError("bytes come in blocks");
            }

            @Override
            public void write(byte[] bytes, int offset, int length) throws IOException {
                if (++writes[0] > 1) {
                    throw new IOException("Broken pipe");
                }
            }
        });
        output.write(new byte[10]);
        output.flush();
        output.write(new byte[20]);
        assertThatThrownBy(output::flush).hasMessage("Broken pipe");
        assertThatThrownBy(output::flush).hasMessage("Broken pipe");
        assertThat(writes[0]).isEqualTo(2);
        assertThat(output.written()).isEqualTo(10);
    }
}
