// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.client.session;

import io.drasi.postgres.protocol.wire.ProtocolException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads the parameter {@code server_version}. */
final class ServerVersion {
    private static final Pattern VERSION =
            Pattern.compile("(\\d{1,4})(?:\\.(\\d{1,4}))?(?:\\.(\\d{1,4}))?.*", Pattern.DOTALL);
    private static final int FIRST_WITH_TWO_PARTS = 10;

    private ServerVersion() {}

    /**
     * The number that the server's {@code server_version_num} shows: 180006 for {@code 18.6}, 100000 for
     * {@code 10beta1}, 90624 for {@code 9.6.24}; what a distribution puts behind doesn't count.
     *
     * @throws ProtocolException if the text doesn't begin with a version
     */
    static int number(String serverVersion) {
        Matcher matcher = VERSION.matcher(serverVersion);
        if (!matcher.matches()) {
            throw new ProtocolException("the server reports no version but '" + serverVersion + "'", 0);
        }
        int major = Integer.parseInt(matcher.group(1));
        int second = part(matcher.group(2));
        return major >= FIRST_WITH_TWO_PARTS
                ? major * 10_000 + second
                : major * 10_000 + second * 100 + part(matcher.group(3));
    }

    private static int part(@Nullable String digits) {
        return digits == null ? 0 : Integer.parseInt(digits);
    }
}
