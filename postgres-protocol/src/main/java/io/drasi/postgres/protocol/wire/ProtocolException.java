// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.protocol.wire;

/**
 * Bytes that break the protocol. Not retryable: the position in the byte stream is lost, so the connection must be
 * closed.
 */
public final class ProtocolException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String problem;
    private final long offset;

    /**
     * @param problem what was expected and what was found
     * @param offset bytes from the start of the message (or slice) being read to the place of the problem
     */
    public ProtocolException(String problem, long offset) {
        super(problem + " (at offset " + offset + ")");
        this.problem = problem;
        this.offset = offset;
    }

    private ProtocolException(String problem, long offset, ProtocolException cause) {
        super(problem + " (at offset " + offset + ")", cause);
        this.problem = problem;
        this.offset = offset;
    }

    /** Bytes from the start of the message (or slice) that was being read to the place of the problem. */
    public long offset() {
        return offset;
    }

    /** The same problem at the same offset, with the name of the message in front of the text. */
    public ProtocolException within(String message) {
        return new ProtocolException(message + ": " + problem, offset, this);
    }
}
