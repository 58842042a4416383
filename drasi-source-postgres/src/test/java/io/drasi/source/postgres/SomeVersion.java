// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import io.drasi.testkit.PostgresVersion;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.lang.reflect.Method;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.ArgumentsProvider;
import org.junit.jupiter.params.provider.ArgumentsSource;
import org.junit.jupiter.params.support.ParameterDeclarations;

/**
 * As {@link EachVersion}, for a test of something that hardly depends on the server: in a build it runs on one of the
 * versions, which its name chooses, so that the tests of a class spread over all; where the servers of more versions are at
 * hand ({@code -Pall-postgres}), it runs on every one.
 */
@Target(ElementType.METHOD)
@Retention(RetentionPolicy.RUNTIME)
@ParameterizedTest(name = "on PostgreSQL {0}")
@ArgumentsSource(SomeVersion.Versions.class)
@interface SomeVersion {
    /** How many are at hand in a build. */
    int IN_A_BUILD = 3;

    final class Versions implements ArgumentsProvider {
        @Override
        public Stream<? extends Arguments> provideArguments(
                ParameterDeclarations parameters, ExtensionContext context) {
            List<PostgresVersion> all = PostgresVersion.available();
            List<PostgresVersion> taken =
                    all.size() > IN_A_BUILD ? all : List.of(chosen(all, context.getRequiredTestMethod()));
            return taken.stream().map(version -> Arguments.of(version.major()));
        }

        private static PostgresVersion chosen(List<PostgresVersion> all, Method test) {
            int name = (test.getDeclaringClass().getSimpleName() + '.' + test.getName()).hashCode();
            return all.get(Math.floorMod(name, all.size()));
        }
    }
}
