// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.client.login;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drasi.postgres.client.error.AuthenticationException;
import io.drasi.postgres.client.error.ConnectFailedException;
import io.drasi.postgres.client.error.ServerErrorException;
import io.drasi.postgres.client.session.Session;
import io.drasi.postgres.client.settings.ConnectionSettings;
import io.drasi.postgres.client.settings.ConnectionSettingsBuilder;
import io.drasi.postgres.client.transport.Deadline;
import io.drasi.postgres.client.transport.Transport;
import io.drasi.postgres.protocol.wire.ProtocolException;
import io.drasi.testkit.Bytes;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class LoginTest {
    private static final byte[] NO_BINDING = new byte[0];
    private static final byte[] BINDING = {1, 2, 3};
    private static final String SALT = Base64.getEncoder().encodeToString("salt".getBytes(StandardCharsets.UTF_8));

    /** Answers each message of the client with the next of some answers. */
    private static final class ScriptedServer implements Transport {
        private final List<Function<String, Bytes>> answers;
        private final List<String> received = new ArrayList<>();
        private ByteBuffer pending = ByteBuffer.allocate(0);
        private boolean closed;

        @SafeVarargs
        @SuppressWarnings("varargs")
        ScriptedServer(Function<String, Bytes>... answers) {
            this.answers = List.of(answers);
        }

        @Override
        public int read(ByteBuffer target, Deadline deadline) {
            int count = Math.min(pending.remaining(), target.remaining());
            for (int i = 0; i < count; i++) {
                target.put(pending.get());
            }
            return count;
        }

        @Override
        public void write(ByteBuffer source, Deadline deadline) {
            byte[] bytes = new byte[source.remaining()];
            source.get(bytes);
            String message = new String(bytes, StandardCharsets.ISO_8859_1);
            if (received.size() < answers.size()) {
                pending = ByteBuffer.wrap(
                        answers.get(received.size()).apply(message).toByteArray());
            }
            received.add(message);
        }

        @Override
        public int minimumRoom() {
            return 1;
        }

        @Override
        public void wakeup() {}

        @Override
        public void abort() {
            closed = true;
        }

        @Override
        public void close() {
            closed = true;
        }
    }

    private static ConnectionSettingsBuilder settings() {
        return ConnectionSettings.builder().host("db").user("drasi").password("secret");
    }

    private static Session logIn(ScriptedServer server, ConnectionSettingsBuilder settings, byte[] binding) {
        return logIn(server, settings, binding, false);
    }

    private static Session logIn(
            ScriptedServer server, ConnectionSettingsBuilder settings, byte[] binding, boolean mayShowPassword) {
        Optional<String> tls = binding.length > 0 ? Optional.of("TLSv1.3") : Optional.empty();
        Deadline deadline = Deadline.after(Duration.ofSeconds(10));
        return new Login(settings.build(), true, server, tls, binding, mayShowPassword, deadline).run();
    }

    private static Bytes authentication(int code) {
        return new Bytes().frame('R', body -> body.int32(code));
    }

    private static Bytes sasl(String... mechanisms) {
        return new Bytes().frame('R', body -> {
            body.int32(10);
            for (String mechanism : mechanisms) {
                body.cstring(mechanism);
            }
            body.int8(0);
        });
    }

    private static Bytes ready() {
        return authentication(0)
                .frame('S', body -> body.cstring("server_version").cstring("18.6"))
                .frame('K', body -> body.int32(4711).int32(1))
                .frame('Z', body -> body.int8('I'));
    }

    private static Bytes serverFirst(String clientMessage, int iterations) {
        String nonce = clientMessage.substring(clientMessage.indexOf(",r=") + 3);
        return new Bytes()
                .frame('R', body -> body.int32(11).text("r=" + nonce + "server,s=" + SALT + ",i=" + iterations));
    }

    @Test
    void sendsUserDatabaseAndParametersInOrder() {
        ScriptedServer server = new ScriptedServer(message -> ready());
        Session session = logIn(server, settings().database("shop").parameter("DateStyle", "ISO"), NO_BINDING);
        assertThat(server.received.get(0).substring(8))
                .isEqualTo("user\0drasi\0database\0shop\0replication\0database\0client_encoding\0UTF8\0"
                        + "application_name\0drasi\0DateStyle\0ISO\0\0");
        assertThat(session.login().backendPid()).isEqualTo(4711);
        assertThat(session.serverVersionNumber()).isEqualTo(180_006);
        assertThat(session.login().saslMechanism()).isEmpty();
    }

    @Test
    void usesChannelBindingWhenTheServerOffersIt() {
        ScriptedServer server =
                new ScriptedServer(message -> sasl("SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"), message -> ready());
        assertThatThrownBy(() -> logIn(server, settings(), BINDING)).isInstanceOf(AuthenticationException.class);
        assertThat(server.received.get(1)).contains("SCRAM-SHA-256-PLUS\0").contains("p=tls-server-end-point,,n=");
    }

    @Test
    void tellsTheServerThatItsOfferOfChannelBindingIsMissed() {
        ScriptedServer server = new ScriptedServer(message -> sasl("SCRAM-SHA-256"), message -> ready());
        assertThatThrownBy(() -> logIn(server, settings(), BINDING)).isInstanceOf(AuthenticationException.class);
        assertThat(server.received.get(1)).contains("SCRAM-SHA-256\0").contains("y,,n=");
    }

    @Test
    void asksForNoChannelBindingWithoutTls() {
        ScriptedServer server = new ScriptedServer(message -> sasl("SCRAM-SHA-256"), message -> ready());
        assertThatThrownBy(() -> logIn(server, settings(), NO_BINDING)).isInstanceOf(AuthenticationException.class);
        assertThat(server.received.get(1)).contains("SCRAM-SHA-256\0").contains("n,,n=");
    }

    @Test
    void rejectsMechanismsThatItCannotUse() {
        ScriptedServer unknown = new ScriptedServer(message -> sasl("OAUTHBEARER"));
        assertThatThrownBy(() -> logIn(unknown, settings(), BINDING))
                .isInstanceOf(AuthenticationException.class)
                .hasMessageContaining("[OAUTHBEARER]");
        ScriptedServer plusOnly = new ScriptedServer(message -> sasl("SCRAM-SHA-256-PLUS"));
        assertThatThrownBy(() -> logIn(plusOnly, settings(), NO_BINDING))
                .isInstanceOf(AuthenticationException.class)
                .hasMessageContaining("without TLS");
    }

    @Test
    void rejectsAServerWithAWrongSignature() {
        String signature = Base64.getEncoder().encodeToString(new byte[32]);
        ScriptedServer server = new ScriptedServer(
                message -> sasl("SCRAM-SHA-256"),
                message -> serverFirst(message, 4096),
                message -> new Bytes()
                        .frame('R', body -> body.int32(12).text("v=" + signature))
                        .bytes(ready().toByteArray()));
        assertThatThrownBy(() -> logIn(server, settings(), NO_BINDING))
                .isInstanceOf(AuthenticationException.class)
                .hasMessageContaining("signature is wrong");
        assertThat(server.closed).isTrue();
    }

    @Test
    void rejectsAServerThatLetsItInWithoutProof() {
        ScriptedServer server = new ScriptedServer(
                message -> sasl("SCRAM-SHA-256"), message -> serverFirst(message, 4096), message -> ready());
        assertThatThrownBy(() -> logIn(server, settings(), NO_BINDING))
                .isInstanceOf(AuthenticationException.class)
                .hasMessageContaining("before it had proved that it knows the password");
    }

    @Test
    void rejectsAChallengeWithAnotherNonceOrTooMuchWork() {
        ScriptedServer otherNonce =
                new ScriptedServer(message -> sasl("SCRAM-SHA-256"), message -> serverFirst(",r=other", 4096));
        assertThatThrownBy(() -> logIn(otherNonce, settings(), NO_BINDING))
                .isInstanceOf(AuthenticationException.class)
                .hasMessageContaining("challenge is not valid");
        ScriptedServer greedy =
                new ScriptedServer(message -> sasl("SCRAM-SHA-256"), message -> serverFirst(message, 2_000_000_000));
        assertThatThrownBy(() -> logIn(greedy, settings(), NO_BINDING))
                .isInstanceOf(AuthenticationException.class)
                .hasMessageContaining("2000000000 SCRAM iterations");
    }

    @Test
    void sendsNoCleartextPasswordWhereOthersCouldReadIt() {
        ScriptedServer server = new ScriptedServer(message -> authentication(3), message -> ready());
        assertThatThrownBy(() -> logIn(server, settings(), NO_BINDING))
                .isInstanceOf(AuthenticationException.class)
                .hasMessageContaining("clear text")
                .hasMessageContaining("scram-sha-256")
                .hasMessageContaining("allowCleartextPassword");
        assertThat(server.received).hasSize(1);
    }

    @Test
    void sendsACleartextPasswordInUtf8WhereItMayBeShown() {
        ScriptedServer server = new ScriptedServer(message -> authentication(3), message -> ready());
        logIn(server, settings().password("pässwörd"), NO_BINDING, true);
        String utf8 = new String("pässwörd".getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
        assertThat(server.received.get(1)).endsWith(utf8 + "\0").startsWith("p");
    }

    @Test
    void refusesMd5AndSaysWhatToDo() {
        ScriptedServer server = new ScriptedServer(
                message -> new Bytes().frame('R', body -> body.int32(5).int32(0)));
        assertThatThrownBy(() -> logIn(server, settings(), BINDING))
                .isInstanceOf(AuthenticationException.class)
                .hasMessageContaining("SET password_encryption = 'scram-sha-256'")
                .hasMessageContaining("pg_hba.conf");
        assertThat(server.received).hasSize(1);
    }

    @Test
    void refusesOtherMethodsByName() {
        ScriptedServer server = new ScriptedServer(message -> authentication(7));
        assertThatThrownBy(() -> logIn(server, settings(), BINDING))
                .isInstanceOf(AuthenticationException.class)
                .hasMessageContaining("method Gss");
    }

    @Test
    void tellsThatAPasswordIsNeeded() {
        ScriptedServer server = new ScriptedServer(message -> sasl("SCRAM-SHA-256"));
        assertThatThrownBy(() -> logIn(server, settings().password(""), NO_BINDING))
                .isInstanceOf(AuthenticationException.class)
                .hasMessageContaining("connecting to db:5432 as user drasi to database drasi")
                .hasMessageContaining("asks for a password, but none is configured");
    }

    @Test
    void treatsAFailingPasswordSupplierAsRetryable() {
        ScriptedServer server = new ScriptedServer(message -> sasl("SCRAM-SHA-256"));
        ConnectionSettingsBuilder settings = settings().passwordSupplier(() -> {
            throw new IllegalStateException("no token");
        });
        assertThatThrownBy(() -> logIn(server, settings, NO_BINDING))
                .isInstanceOfSatisfying(
                        ConnectFailedException.class,
                        e -> assertThat(e.retryable()).isTrue())
                .hasMessageContaining("password supplier failed")
                .hasRootCauseMessage("no token");
    }

    @Test
    void overwritesThePassword() {
        char[] password = "secret".toCharArray();
        ScriptedServer server = new ScriptedServer(message -> sasl("SCRAM-SHA-256"));
        assertThatThrownBy(() -> logIn(server, settings().passwordSupplier(() -> Optional.of(password)), NO_BINDING))
                .isInstanceOf(ConnectFailedException.class);
        assertThat(password).containsOnly('\0');
    }

    @Test
    void rejectsASessionWithoutAuthentication() {
        ScriptedServer server = new ScriptedServer(message -> new Bytes().frame('Z', body -> body.int8('I')));
        assertThatThrownBy(() -> logIn(server, settings(), NO_BINDING))
                .isInstanceOf(AuthenticationException.class)
                .hasMessageContaining("skipped the authentication");
    }

    @Test
    void rejectsMessagesThatDoNotBelongToALogin() {
        ScriptedServer row = new ScriptedServer(message -> new Bytes().frame('D', body -> body.int16(0)));
        assertThatThrownBy(() -> logIn(row, settings(), NO_BINDING)).isInstanceOf(ProtocolException.class);
        ScriptedServer proof = new ScriptedServer(message -> authentication(12));
        assertThatThrownBy(() -> logIn(proof, settings(), NO_BINDING)).isInstanceOf(ProtocolException.class);
        ScriptedServer oversize =
                new ScriptedServer(message -> new Bytes().int8('R').int32(70_000));
        assertThatThrownBy(() -> logIn(oversize, settings(), NO_BINDING)).isInstanceOf(ProtocolException.class);
        assertThat(oversize.closed).isTrue();
    }

    @Test
    void passesOnTheServersError() {
        ScriptedServer server = new ScriptedServer(message -> new Bytes()
                .frame(
                        'E',
                        body -> body.int8('S')
                                .cstring("FATAL")
                                .int8('C')
                                .cstring("28P01")
                                .int8('M')
                                .cstring("password authentication failed")
                                .int8(0)));
        assertThatThrownBy(() -> logIn(server, settings(), NO_BINDING))
                .isInstanceOf(ServerErrorException.class)
                .hasMessage("connecting to db:5432 as user drasi to database drasi for replication: FATAL 28P01:"
                        + " password authentication failed");
    }

    @Test
    void givesUpOnAServerThatFallsSilent() {
        ScriptedServer server = new ScriptedServer();
        assertThatThrownBy(() -> logIn(server, settings(), NO_BINDING))
                .isInstanceOf(ConnectFailedException.class)
                .hasMessageContaining("did not complete the login within PT10S");
        assertThat(server.closed).isTrue();
    }

    @Test
    @Timeout(value = 30, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void givesUpOnAServerThatSpeaksWithoutEnd() {
        byte[] notice = new Bytes()
                .frame(
                        'N',
                        body -> body.int8('S')
                                .cstring("NOTICE")
                                .int8('C')
                                .cstring("00000")
                                .int8('M')
                                .cstring("not yet")
                                .int8(0))
                .toByteArray();
        Transport server = new Transport() {
            @Override
            public int read(ByteBuffer target, Deadline deadline) {
                target.put(notice);
                return notice.length;
            }

            @Override
            public void write(ByteBuffer source, Deadline deadline) {}

            @Override
            public int minimumRoom() {
                return notice.length;
            }

            @Override
            public void wakeup() {}

            @Override
            public void abort() {}

            @Override
            public void close() {}
        };
        Deadline deadline = Deadline.after(Duration.ofMillis(200));
        Login login = new Login(settings().build(), true, server, Optional.empty(), NO_BINDING, false, deadline);
        assertThatThrownBy(login::run)
                .isInstanceOf(ConnectFailedException.class)
                .hasMessageContaining("did not complete the login");
    }
}
