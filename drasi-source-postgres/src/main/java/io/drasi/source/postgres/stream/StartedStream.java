// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.stream;

import io.drasi.postgres.client.ReplicationStream;
import io.drasi.postgres.protocol.pgoutput.PgOutputDecoder;

/** A stream, and what decodes the messages in it, by the version and options that it was started with. */
public record StartedStream(ReplicationStream stream, PgOutputDecoder decoder) {}
