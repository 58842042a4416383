// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg.libpq;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PasswordFileTest {
    @TempDir
    private Path directory;

    private final List<String> warnings = new ArrayList<>();
    private Path path;
    private PasswordFile file;

    @BeforeEach
    void prepare() {
        path = directory.resolve(".pgpass");
        file = new PasswordFile(path, warnings::add);
    }

    private void write(String... lines) throws IOException {
        Files.writeString(path, String.join("\n", lines) + "\n");
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-------"));
    }

    private Optional<String> find() {
        return file.find("db.example.com", 5432, "shop", "drasi");
    }

    @Test
    void takesTheFirstLineThatFits() throws IOException {
        write(
                "# db.example.com:5432:shop:drasi:commented",
                "",
                "db.example.com:5433:shop:drasi:other port",
                "other:5432:shop:drasi:other host",
                "db.example.com:5432:shop:drasi:right",
                "*:*:*:*:late");
        assertThat(find()).contains("right");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "*:5432:shop:drasi:p",
                "db.example.com:*:shop:drasi:p",
                "db.example.com:5432:*:drasi:p",
                "db.example.com:5432:shop:*:p",
                "*:*:*:*:p"
            })
    void letsAStarFitEverything(String line) throws IOException {
        write(line);
        assertThat(find()).contains("p");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "db.example:5432:shop:drasi:p",
                "db.example.com:543:shop:drasi:p",
                "db.example.com:5432:shops:drasi:p",
                "db.example.com:5432:shop:*x:p",
                "db.example.com:5432:shop:drasi",
                "db.example.com"
            })
    void takesNoLineThatFitsInPart(String line) throws IOException {
        write(line);
        assertThat(find()).isEmpty();
    }

    @Test
    void undoesBackslashesInNamesAndPassword() throws IOException {
        write("db.example.com:5432:sh\\:op\\\\:dra\\si:pass\\:wo\\\\rd:behind the password");
        assertThat(file.find("db.example.com", 5432, "sh:op\\", "drasi")).contains("pass:wo\\rd");
    }

    @Test
    void keepsBlanksAndQuotesOfThePassword() throws IOException {
        write("*:*:*:*: it's \"mine\" ");
        assertThat(find()).contains(" it's \"mine\" ");
    }

    @Test
    void findsTheDefaultSocketDirectoryAsLocalhost() throws IOException {
        write("/srv/sockets:5432:shop:drasi:own", "localhost:5432:shop:drasi:default");
        assertThat(file.find("/tmp", 5432, "shop", "drasi")).contains("default");
        assertThat(file.find("/srv/sockets", 5432, "shop", "drasi")).contains("own");
    }

    @Test
    void readsTheFileAnewEachTime() throws IOException {
        write("*:*:*:*:first");
        assertThat(find()).contains("first");
        write("*:*:*:*:second");
        assertThat(find()).contains("second");
    }

    @ParameterizedTest
    @ValueSource(strings = {"rw-r-----", "rw----r--", "rw--w----", "rw------x"})
    void ignoresAFileThatOthersCanReachAndSaysSo(String permissions) throws IOException {
        write("*:*:*:*:p");
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(permissions));
        assertThat(find()).isEmpty();
        assertThat(warnings).singleElement().asString().contains(path.toString(), "chmod 0600");
    }

    @Test
    void ignoresADirectoryAndSaysSo() throws IOException {
        Files.createDirectory(path);
        assertThat(find()).isEmpty();
        assertThat(warnings).singleElement().asString().contains("not a plain file");
    }

    @Test
    void isSilentWhenThereIsNoFile() {
        assertThat(find()).isEmpty();
        assertThat(warnings).isEmpty();
    }
}
