// SPDX-License-Identifier: Apache-2.0
package io.drasi.benchmarks;

import io.drasi.model.ElementValue;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** Decodes one value again and again: a method for each family of codecs, with the samples that are its parameters. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class DecodeBenchmark {
    /** {@code boolean} and the integers. */
    @Benchmark
    public ElementValue integer(Integers samples) {
        return samples.value.decode();
    }

    /** {@code float4} and {@code float8}. */
    @Benchmark
    public ElementValue floatingPoint(Floats samples) {
        return samples.value.decode();
    }

    /** {@code numeric}, with digits that fit into a long and with more. */
    @Benchmark
    public ElementValue numeric(Numerics samples) {
        return samples.value.decode();
    }

    /** {@code text} and what else is given as it is. */
    @Benchmark
    public ElementValue text(Texts samples) {
        return samples.value.decode();
    }

    /** {@code bytea}. */
    @Benchmark
    public ElementValue bytea(Byteas samples) {
        return samples.value.decode();
    }

    /** {@code date}, {@code time}, {@code timestamp} and {@code timestamptz}. */
    @Benchmark
    public ElementValue dateAndTime(DatesAndTimes samples) {
        return samples.value.decode();
    }

    /** {@code uuid}, which is given as text. */
    @Benchmark
    public ElementValue uuid(Uuids samples) {
        return samples.value.decode();
    }

    /** Arrays. */
    @Benchmark
    public ElementValue array(Arrays samples) {
        return samples.value.decode();
    }

    /** Composites, and an array of them. */
    @Benchmark
    public ElementValue composite(Composites samples) {
        return samples.value.decode();
    }

    /** {@code hstore}. */
    @Benchmark
    public ElementValue hstore(Hstores samples) {
        return samples.value.decode();
    }

    /** {@code jsonb}, which is given as text. */
    @Benchmark
    public ElementValue json(Jsons samples) {
        return samples.value.decode();
    }

    /** {@code point} and {@code polygon}, whose numbers are written anew. */
    @Benchmark
    public ElementValue geometric(Geometries samples) {
        return samples.value.decode();
    }

    @State(Scope.Benchmark)
    public static class Integers {
        @Param
        public Format format;

        @Param({"BOOLEAN", "INT2", "INT4", "INT8"})
        public Sample sample;

        private Encoded value;

        @Setup
        public void encode() {
            value = sample.in(format);
        }
    }

    @State(Scope.Benchmark)
    public static class Floats {
        @Param
        public Format format;

        @Param({"FLOAT4", "FLOAT8_SHORT", "FLOAT8_LONG"})
        public Sample sample;

        private Encoded value;

        @Setup
        public void encode() {
            value = sample.in(format);
        }
    }

    @State(Scope.Benchmark)
    public static class Numerics {
        @Param
        public Format format;

        @Param({"NUMERIC_SHORT", "NUMERIC_LONG"})
        public Sample sample;

        private Encoded value;

        @Setup
        public void encode() {
            value = sample.in(format);
        }
    }

    @State(Scope.Benchmark)
    public static class Texts {
        @Param
        public Format format;

        @Param({"TEXT_16", "TEXT_16_UMLAUTS", "TEXT_1000"})
        public Sample sample;

        private Encoded value;

        @Setup
        public void encode() {
            value = sample.in(format);
        }
    }

    @State(Scope.Benchmark)
    public static class Byteas {
        @Param
        public Format format;

        @Param({"BYTEA_16", "BYTEA_1000"})
        public Sample sample;

        private Encoded value;

        @Setup
        public void encode() {
            value = sample.in(format);
        }
    }

    @State(Scope.Benchmark)
    public static class DatesAndTimes {
        @Param
        public Format format;

        @Param({"DATE", "TIME", "TIMESTAMP", "TIMESTAMPTZ"})
        public Sample sample;

        private Encoded value;

        @Setup
        public void encode() {
            value = sample.in(format);
        }
    }

    @State(Scope.Benchmark)
    public static class Uuids {
        @Param
        public Format format;

        @Param("UUID")
        public Sample sample;

        private Encoded value;

        @Setup
        public void encode() {
            value = sample.in(format);
        }
    }

    @State(Scope.Benchmark)
    public static class Arrays {
        @Param
        public Format format;

        @Param({"INT4_ARRAY_10", "INT4_ARRAY_3X3", "TEXT_ARRAY_PLAIN", "TEXT_ARRAY_QUOTED"})
        public Sample sample;

        private Encoded value;

        @Setup
        public void encode() {
            value = sample.in(format);
        }
    }

    @State(Scope.Benchmark)
    public static class Composites {
        @Param
        public Format format;

        @Param({"COMPOSITE", "COMPOSITE_ESCAPED", "COMPOSITE_ARRAY"})
        public Sample sample;

        private Encoded value;

        @Setup
        public void encode() {
            value = sample.in(format);
        }
    }

    @State(Scope.Benchmark)
    public static class Hstores {
        @Param
        public Format format;

        @Param("HSTORE")
        public Sample sample;

        private Encoded value;

        @Setup
        public void encode() {
            value = sample.in(format);
        }
    }

    @State(Scope.Benchmark)
    public static class Jsons {
        @Param
        public Format format;

        @Param("JSON")
        public Sample sample;

        private Encoded value;

        @Setup
        public void encode() {
            value = sample.in(format);
        }
    }

    @State(Scope.Benchmark)
    public static class Geometries {
        @Param
        public Format format;

        @Param({"POINT", "POINT_OF_VERSION_10", "POLYGON"})
        public Sample sample;

        private Encoded value;

        @Setup
        public void encode() {
            value = sample.in(format);
        }
    }
}
