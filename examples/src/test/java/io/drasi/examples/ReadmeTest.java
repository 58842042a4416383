// SPDX-License-Identifier: Apache-2.0
package io.drasi.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class ReadmeTest {
    private static final Pattern JAVA = Pattern.compile("```java\\n(.*?)```", Pattern.DOTALL);
    private static final Pattern LINK = Pattern.compile("\\]\\((?!http)([^)#]+)");

    private static String withoutSpace(String text) {
        return text.replaceAll("\\s", "");
    }

    private static List<String> found(Pattern pattern, String text) {
        return pattern.matcher(text)
                .results()
                .map((MatchResult match) -> match.group(1))
                .toList();
    }

    private static String example(String name) throws IOException {
        return Files.readString(Path.of("src/main/java/io/drasi/examples/" + name + ".java"));
    }

    @Test
    void showsCodeThatTheBuildCompiles() throws IOException {
        String compiled = withoutSpace(example("Embedded") + example("Metrics"));
        assertThat(found(JAVA, Files.readString(Path.of("../README.md"))))
                .hasSize(6)
                .allSatisfy(code -> assertThat(compiled).contains(withoutSpace(code)));
    }

    @Test
    void linksToFilesThatThereAre() throws IOException {
        List<Path> documents = new ArrayList<>(List.of(Path.of("../README.md"), Path.of("../CONTRIBUTING.md")));
        try (Stream<Path> files = Files.walk(Path.of("../docs"))) {
            files.filter(file -> file.toString().endsWith(".md")).forEach(documents::add);
        }
        assertThat(documents).hasSizeGreaterThan(5);
        for (Path document : documents) {
            assertThat(found(LINK, Files.readString(document)))
                    .as(document.toString())
                    .allSatisfy(
                            link -> assertThat(document.resolveSibling(link)).exists());
        }
    }
}
