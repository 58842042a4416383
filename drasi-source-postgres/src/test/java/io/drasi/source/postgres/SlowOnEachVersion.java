// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import io.drasi.testkit.PostgresVersion;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.ArgumentsProvider;
import org.junit.jupiter.params.provider.ArgumentsSource;
import org.junit.jupiter.params.support.ParameterDeclarations;

/**
 * As {@link EachVersion}, for a test that takes seconds: in a build it runs on the oldest and the newest version, and on all
 * where the servers of all are at hand.
 */
@Target(ElementType.METHOD)
@Retention(RetentionPolicy.RUNTIME)
@ParameterizedTest(name = "on PostgreSQL {0}")
@ArgumentsSource(SlowOnEachVersion.Versions.class)
@interface SlowOnEachVersion {
    /** How many are at hand in a build. */
    int IN_A_BUILD = 3;

    final class Versions implements ArgumentsProvider {
        @Override
        public Stream<? extends Arguments> provideArguments(
                ParameterDeclarations parameters, ExtensionContext context) {
            List<PostgresVersion> all = PostgresVersion.available();
            List<PostgresVersion> taken = all.size() > IN_A_BUILD ? all : List.of(all.get(0), all.get(all.size() - 1));
            return taken.stream().map(version -> Arguments.of(version.major()));
        }
    }
}
