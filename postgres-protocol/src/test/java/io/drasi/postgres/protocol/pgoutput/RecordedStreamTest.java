// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.protocol.pgoutput;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.postgres.protocol.pgoutput.PgOutputMessage.Begin;
import io.drasi.postgres.protocol.pgoutput.PgOutputMessage.Commit;
import io.drasi.postgres.protocol.pgoutput.PgOutputMessage.StreamStart;
import io.drasi.postgres.protocol.pgoutput.PgOutputMessage.StreamStop;
import io.drasi.postgres.protocol.wire.Decoding;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Streams that {@link PgOutputRecorder} and {@link StreamedTransactionsRecorder} recorded from real servers. */
class RecordedStreamTest {
    /** What the script of {@link PgOutputRecorder} does; a line with {@code 14+|} is sent from that version on. */
    private static final String STORY = """
            Begin
            Relation public.items identity DEFAULT (id* type 23 modifier -1, name type 25 modifier -1, price type 1700 modifier 655366, note type 25 modifier -1)
            Insert public.items new ('1', 'one', '1.50', null)
            Commit
            Begin
            Insert public.items new ('2', 'two', '2.00', '')
            Insert public.items new ('3', 'drei ä€😀', null, 'n')
            Update public.items new ('2', 'TWO', '2.00', '')
            Delete public.items key ('3', null, null, null)
            Commit
            Begin
            Update public.items key ('1', null, null, null) new ('10', 'one', '1.50', null)
            Commit
            Begin
            Insert public.items new ('4', 'four', '4.00', 'xxxxxxxxxx…' of 2100 bytes with CRC-32 7a18f085)
            Commit
            Begin
            Update public.items new ('4', 'four', '4.25', unchanged)
            Commit
            Begin
            Relation public.full_items identity FULL (id* type 20 modifier -1, note* type 25 modifier -1, seen* type 1184 modifier -1)
            Insert public.full_items new ('9223372036854775807', 'xxxxxxxxxx…' of 2100 bytes with CRC-32 7a18f085, '2024-02-29 12:34:56.789+00')
            Commit
            Begin
            Update public.full_items old ('9223372036854775807', 'xxxxxxxxxx…' of 2100 bytes with CRC-32 7a18f085, '2024-02-29 12:34:56.789+00') new ('9223372036854775807', unchanged, null)
            Commit
            Begin
            Delete public.full_items old ('9223372036854775807', 'xxxxxxxxxx…' of 2100 bytes with CRC-32 7a18f085, null)
            Commit
            Begin
            Type public.mood
            Relation Sales.Événements identity INDEX (Clé* type 1043 modifier 14, mood type new modifier -1, data type 17 modifier -1)
            Insert Sales.Événements new ('a', 'happy', '\\x00ff')
            Commit
            Begin
            Update Sales.Événements new ('a', null, '\\x00ff')
            Commit
            Begin
            Update Sales.Événements key ('a', null, null) new ('b', null, '\\x00ff')
            Commit
            Begin
            Delete Sales.Événements key ('b', null, null)
            Commit
            Begin
            Relation public.log identity NOTHING (at type 23 modifier -1, line type 25 modifier -1)
            Insert public.log new ('1', 'first')
            Commit
            11+|Begin
            11+|Relation public.full_items identity FULL (id* type 20 modifier -1, note* type 25 modifier -1, seen* type 1184 modifier -1)
            11+|Truncate public.full_items
            11+|Commit
            11+|Begin
            11+|Relation public.items identity DEFAULT (id* type 23 modifier -1, name type 25 modifier -1, price type 1700 modifier 655366, note type 25 modifier -1)
            11+|Relation public.log identity NOTHING (at type 23 modifier -1, line type 25 modifier -1)
            11+|Truncate public.items, public.log cascade restart_identity
            11+|Commit
            Begin
            Relation public.items identity DEFAULT (id* type 23 modifier -1, price type 1700 modifier 655366, note type 25 modifier -1, added type 1082 modifier -1)
            Insert public.items new ('5', '5.00', 'five', '2024-02-29')
            Commit
            Begin
            Origin lsn 16/B374D848 name 'upstream'
            Relation public.log identity NOTHING (at type 23 modifier -1, line type 25 modifier -1)
            Insert public.log new ('2', 'from upstream')
            Commit
            14+|Message prefix 'at once' content 0x7465787420c3a4
            Begin
            14+|Message transactional prefix 'inside' content 0x00ff
            Insert public.log new ('3', 'x')
            Commit
            Begin
            Insert public.log new ('4', 'kept')
            Insert public.log new ('5', 'kept too')
            Commit
            18+|StreamAbort
            Begin
            Insert public.log new ('6', 'the end')
            Commit
            """;

    static List<String> recordings() {
        return Recording.names();
    }

    static List<String> ofVersion1() {
        return Recording.VERSION_1;
    }

    @ParameterizedTest
    @MethodSource("recordings")
    void decodesEachMessageToWhatItSays(String name) {
        MessageText text = new MessageText();
        Recording recording = Recording.read(name);
        PgOutputDecoder decoder = recording.state(false).decoder();
        for (Recording.Message recorded : recording.messages()) {
            PgOutputMessage message =
                    Decoding.decode(decoder::decode, recorded.bytes().toByteArray());
            assertThat(text.of(decoder.xid(), message)).isEqualTo(recorded.text());
        }
    }

    @ParameterizedTest
    @MethodSource("recordings")
    void rejectsEveryTruncationOfEachMessage(String name) {
        Recording recording = Recording.read(name);
        boolean inBlock = false;
        for (Recording.Message recorded : recording.messages()) {
            DecoderState state = recording.state(inBlock);
            byte[] bytes = recorded.bytes().toByteArray();
            Decoding.assertExactLength(state, bytes);
            PgOutputMessage message = Decoding.decode(state, bytes);
            inBlock = message instanceof StreamStart || (inBlock && !(message instanceof StreamStop));
        }
        assertThat(inBlock).isFalse();
    }

    @ParameterizedTest
    @MethodSource("ofVersion1")
    void beginAndCommitOfATransactionFit(String name) {
        Begin begin = null;
        int transactions = 0;
        for (PgOutputMessage message : Recording.read(name).decoded()) {
            if (message instanceof Begin next) {
                assertThat(begin).isNull();
                begin = next;
            } else if (message instanceof Commit commit) {
                assertThat(begin).isNotNull();
                assertThat(commit.commitLsn()).isEqualTo(begin.commitLsn());
                assertThat(commit.commitTimeMicros()).isEqualTo(begin.commitTimeMicros());
                assertThat(commit.endLsn().isAfter(commit.commitLsn())).isTrue();
                begin = null;
                transactions++;
            }
        }
        assertThat(begin).isNull();
        assertThat(transactions).isGreaterThan(15);
    }

    @Test
    void theRecordingsHoldEveryMessageAndEveryKindOfTuple() {
        Set<String> kinds = Recording.names().stream()
                .flatMap(name -> Recording.read(name).decoded().stream())
                .map(message -> message.getClass().getSimpleName())
                .collect(Collectors.toSet());
        assertThat(kinds)
                .containsAll(Arrays.stream(PgOutputMessage.class.getPermittedSubclasses())
                        .map(Class::getSimpleName)
                        .toList());

        String all = story("postgres-18") + Recording.read("postgres-18-binary").messages();
        assertThat(all).contains(" key (", " old (", "null", "unchanged", "'one'", "0x00000001");
    }

    @ParameterizedTest
    @ValueSource(ints = {10, 14, 18})
    void everyVersionTellsTheSameStory(int version) {
        assertThat(story("postgres-" + version))
                .isEqualTo(STORY.lines()
                        .filter(line -> {
                            int end = line.indexOf("+|");
                            return end < 0 || version >= Integer.parseInt(line.substring(0, end));
                        })
                        .map(line -> line.replaceFirst("^\\d+\\+\\|", ""))
                        .collect(Collectors.joining("\n", "", "\n")));
    }

    /** A recording without positions, times, ids, and without transactions in which nothing happened. */
    private static String story(String name) {
        List<String> lines = new ArrayList<>();
        for (Recording.Message message : Recording.read(name).messages()) {
            String line = message.text()
                    .replaceAll("^(Begin|Commit) .*", "$1")
                    .replaceAll("^(StreamAbort) .*", "$1")
                    .replaceAll(" oid \\d+", "")
                    .replaceAll(" type \\d{5,}", " type new")
                    .replaceAll("^(Message.*) lsn \\S+", "$1");
            if (line.equals("Commit") && lines.get(lines.size() - 1).equals("Begin")) {
                lines.remove(lines.size() - 1);
            } else {
                lines.add(line);
            }
        }
        return String.join("\n", lines) + "\n";
    }
}
