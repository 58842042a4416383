// SPDX-License-Identifier: Apache-2.0
package io.drasi.testkit;

import com.sun.security.auth.module.UnixSystem;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * As whom PostgreSQL's programs run. They refuse to run as root, so under root they are started by another program.
 */
enum ServerAccount {
    /** Not root: nothing to do. */
    SELF,
    /**
     * In a user namespace of its own that knows no user ids: the process takes itself for "nobody", while its files stay
     * root's. The best way, as files need no other owner.
     */
    UNSHARE,
    /** As the user id 65534, for hosts that forbid user namespaces. */
    SETPRIV,
    /** As the user "nobody", for hosts without setpriv. */
    RUNUSER,
    /** As the user "nobody", for hosts without any of the others. */
    SU;

    private static final String NOBODY = "65534";
    static final String PROPERTY = "drasi.testkit.account";

    /**
     * The first way that works on this host, found once.
     *
     * @throws IllegalStateException if none does
     */
    static ServerAccount current() {
        return Current.ACCOUNT;
    }

    List<String> command(Path program, List<String> arguments) {
        List<String> command = new ArrayList<>(starter());
        command.add(program.toString());
        command.addAll(arguments);
        return command;
    }

    private List<String> starter() {
        return switch (this) {
            case SELF -> List.of();
            case UNSHARE -> List.of("unshare", "--user", "--");
            case SETPRIV -> List.of("setpriv", "--reuid=" + NOBODY, "--regid=" + NOBODY, "--clear-groups", "--");
            case RUNUSER -> List.of("runuser", "-u", "nobody", "--");
            case SU -> List.of("su", "nobody", "-s", "/bin/sh", "-c", "exec \"$0\" \"$@\"", "--");
        };
    }

    /** Whether the programs run with another user id than this JVM's, and need files of their own. */
    boolean needsOwnFiles() {
        return this != SELF && this != UNSHARE;
    }

    /** Gives a file, or a directory with all that is in it, to the account. */
    void own(Path path) {
        if (needsOwnFiles()) {
            Proc.of("chown", "-R", userAndGroup(), path.toString())
                    .run(Duration.ofSeconds(30))
                    .requireSuccess();
        }
    }

    private String userAndGroup() {
        return this == SETPRIV ? NOBODY + ":" + NOBODY : "nobody:";
    }

    boolean works() {
        try {
            Proc.Result result = Proc.of(command(Path.of("id"), List.of("-u"))).run(Duration.ofSeconds(10));
            return result.exitCode() == 0 && !result.stdout().strip().equals("0");
        } catch (UncheckedIOException e) {
            // The starter is not installed: not this way, then.
            return false;
        }
    }

    private static final class Current {
        static final ServerAccount ACCOUNT = find();

        private static ServerAccount find() {
            String wanted = System.getProperty(PROPERTY, "");
            if (!wanted.isEmpty()) {
                return valueOf(wanted);
            }
            if (new UnixSystem().getUid() != 0) {
                return SELF;
            }
            return Arrays.stream(values())
                    .filter(account -> account != SELF && account.works())
                    .findFirst()
                    .orElseThrow(() -> new IllegalStateException("PostgreSQL refuses to run as root, and none of"
                            + " unshare --user, setpriv, runuser and su can start it as somebody else here; run the"
                            + " tests as another user, or install util-linux"));
        }
    }
}
