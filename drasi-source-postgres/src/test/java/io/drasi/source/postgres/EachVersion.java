// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A test with one parameter, the major version of the server it runs on: the oldest, one in the middle, the newest. */
@Target(ElementType.METHOD)
@Retention(RetentionPolicy.RUNTIME)
@ParameterizedTest(name = "on PostgreSQL {0}")
@ValueSource(ints = {10, 14, 18})
@interface EachVersion {}
