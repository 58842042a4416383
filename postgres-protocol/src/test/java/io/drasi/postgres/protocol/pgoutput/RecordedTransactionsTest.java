// SPDX-License-Identifier: Apache-2.0
package io.drasi.postgres.protocol.pgoutput;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.postgres.protocol.pgoutput.PgOutputMessage.BeginPrepare;
import io.drasi.postgres.protocol.pgoutput.PgOutputMessage.CommitPrepared;
import io.drasi.postgres.protocol.pgoutput.PgOutputMessage.Prepare;
import io.drasi.postgres.protocol.pgoutput.PgOutputMessage.RollbackPrepared;
import io.drasi.postgres.protocol.pgoutput.PgOutputMessage.StreamAbort;
import io.drasi.postgres.protocol.pgoutput.PgOutputMessage.StreamCommit;
import io.drasi.postgres.protocol.pgoutput.PgOutputMessage.StreamPrepare;
import io.drasi.postgres.protocol.pgoutput.PgOutputMessage.StreamStart;
import io.drasi.postgres.protocol.wire.Decoding;
import io.drasi.postgres.protocol.wire.Lsn;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Streamed and prepared transactions that {@link StreamedTransactionsRecorder} recorded from real servers. */
class RecordedTransactionsTest {
    /** What its script does; a line with {@code 3+|} is sent from that protocol version on. Transactions count from 1 on. */
    private static final String STORY = """
            Message prefix 'at once' content 0x7465787420c3a4
            StreamStart xid 1 first
            [1] Relation public.items identity DEFAULT (id* type 23 modifier -1, name type 25 modifier -1, price type 1700 modifier 655366, note type 25 modifier -1)
            [1] Insert public.items new ('1', 'one', '1.50', null)
            [1] Type public.mood
            [1] Relation Sales.Événements identity INDEX (Clé* type 1043 modifier 14, mood type new modifier -1, data type 17 modifier -1)
            [1] Insert Sales.Événements new ('a', 'happy', '\\x00ff')
            [2] Update public.items new ('1', 'ONE', '1.50', null)
            [2] Update public.items key ('1', null, null, null) new ('10', 'ONE', '1.50', null)
            [2] Delete public.items key ('10', null, null, null)
            [1] Message transactional prefix 'inside' content 0x00ff
            StreamStop
            after step 1
            StreamStart xid 1
            [3] Relation public.log identity NOTHING (at type 23 modifier -1, line type 25 modifier -1)
            [3] Insert public.log new ('1', 'second block')
            [3] Relation public.full_items identity FULL (id* type 20 modifier -1, note* type 25 modifier -1, seen* type 1184 modifier -1)
            [3] Truncate public.full_items
            StreamStop
            after step 2
            StreamStart xid 1
            [1] Insert public.log new ('2', 'last block')
            StreamStop
            StreamCommit xid 1
            after step 3
            StreamStart xid 4 first
            [4] Relation public.log identity NOTHING (at type 23 modifier -1, line type 25 modifier -1)
            [4] Insert public.log new ('3', 'kept')
            [5] Insert public.log new ('0', 'rolled back')
            [6] Insert public.log new ('0', 'rolled back too')
            StreamStop
            after step 4
            StreamAbort xid 4 subxid 6
            StreamAbort xid 4 subxid 5
            StreamStart xid 4
            [7] Relation public.log identity NOTHING (at type 23 modifier -1, line type 25 modifier -1)
            [7] Insert public.log new ('4', 'kept too')
            StreamStop
            StreamCommit xid 4
            after step 5
            StreamStart xid 8 first
            [8] Relation public.log identity NOTHING (at type 23 modifier -1, line type 25 modifier -1)
            [8] Insert public.log new ('0', 'all rolled back')
            StreamStop
            after step 6
            StreamAbort xid 8 subxid 8
            after step 7
            StreamStart xid 9 first
            Origin lsn 0/0 name 'upstream'
            [9] Relation public.log identity NOTHING (at type 23 modifier -1, line type 25 modifier -1)
            [9] Insert public.log new ('5', 'from upstream')
            StreamStop
            after step 8
            StreamCommit xid 9
            after step 9
            3+|BeginPrepare xid 10 gid 'small ä'
            3+|Insert public.log new ('6', 'prepared')
            3+|Prepare xid 10 gid 'small ä'
            3+|after step 10
            3+|CommitPrepared xid 10 gid 'small ä'
            3+|after step 11
            3+|BeginPrepare xid 11 gid 'small ä'
            3+|Insert public.log new ('0', 'prepared and undone')
            3+|Prepare xid 11 gid 'small ä'
            3+|after step 12
            3+|RollbackPrepared xid 11 gid 'small ä'
            3+|after step 13
            3+|StreamStart xid 12 first
            3+|[12] Relation public.log identity NOTHING (at type 23 modifier -1, line type 25 modifier -1)
            3+|[12] Insert public.log new ('7', 'streamed and prepared')
            3+|StreamStop
            3+|after step 14
            3+|StreamPrepare xid 12 gid 'large'
            3+|after step 15
            3+|CommitPrepared xid 12 gid 'large'
            3+|after step 16
            3+|StreamStart xid 13 first
            3+|[13] Relation public.log identity NOTHING (at type 23 modifier -1, line type 25 modifier -1)
            3+|[13] Insert public.log new ('0', 'streamed, prepared and undone')
            3+|StreamStop
            3+|after step 17
            3+|StreamPrepare xid 13 gid 'large'
            3+|after step 18
            3+|RollbackPrepared xid 13 gid 'large'
            3+|after step 19
            """;

    private static final Pattern ROW_AFTER_STEP = Pattern.compile(
            "Begin.*\\n(?:Relation.*\\n)?Insert .*'(after step \\d+)'\\)\\nCommit.*\\n", Pattern.MULTILINE);
    private static final Pattern XID = Pattern.compile("(xid |^\\[)(\\d+)", Pattern.MULTILINE);

    static List<String> recordings() {
        return Recording.STREAMED;
    }

    /** Where a server streams only what is large, so that blocks begin and end where the script has them. */
    static List<String> ofLargeTransactions() {
        return recordings().stream()
                .filter(name -> !name.endsWith("-immediate"))
                .toList();
    }

    @ParameterizedTest
    @MethodSource("ofLargeTransactions")
    void everyVersionTellsTheSameStory(String name) {
        int version = Recording.read(name).state(false).version();
        assertThat(story(name))
                .isEqualTo(STORY.lines()
                        .filter(line -> version >= 3 || !line.startsWith("3+|"))
                        .map(line -> line.replaceFirst("^3\\+\\|", ""))
                        .collect(Collectors.joining("\n", "", "\n")));
    }

    /** A recording without positions, times and ids, and with one line for what was committed after a step. */
    private static String story(String name) {
        String text = Recording.read(name).messages().stream()
                .map(message -> message.text()
                        .replaceAll(" abort \\S+ at \\S+", "")
                        .replaceAll("( (prepare|rollback))? (commit|end|lsn|prepare) (?!0/0 )[0-9A-F]+/[0-9A-F]+", "")
                        .replaceAll(" at \\d\\S+", "")
                        .replaceAll(" oid \\d+", "")
                        .replaceAll(" type \\d{5,}", " type new"))
                .collect(Collectors.joining("\n", "", "\n"));
        Map<String, Integer> numbers = new HashMap<>();
        return XID.matcher(ROW_AFTER_STEP.matcher(text).replaceAll("$1\n"))
                .replaceAll(xid -> xid.group(1) + numbers.computeIfAbsent(xid.group(2), x -> numbers.size() + 1));
    }

    @ParameterizedTest
    @MethodSource("recordings")
    void aTransactionIsStreamedInBlocksUntilItEnds(String name) {
        Recording recording = Recording.read(name);
        PgOutputDecoder decoder = recording.state(false).decoder();
        Set<Long> open = new HashSet<>();
        for (Recording.Message recorded : recording.messages()) {
            PgOutputMessage message =
                    Decoding.decode(decoder::decode, recorded.bytes().toByteArray());
            if (message instanceof StreamStart start) {
                assertThat(open.add(start.xid())).as(recorded.text()).isEqualTo(start.firstSegment());
            } else if (message instanceof StreamCommit commit) {
                assertThat(open.remove(commit.xid())).as(recorded.text()).isTrue();
                assertThat(commit.endLsn().isAfter(commit.commitLsn())).isTrue();
            } else if (message instanceof StreamPrepare prepare) {
                assertThat(open.remove(prepare.xid())).as(recorded.text()).isTrue();
            } else if (message instanceof StreamAbort abort) {
                assertThat(open).as(recorded.text()).contains(abort.xid());
                if (abort.subXid() == abort.xid()) {
                    open.remove(abort.xid());
                }
            }
        }
        assertThat(open).isEmpty();
    }

    @ParameterizedTest
    @MethodSource("recordings")
    void anAbortHasItsPlaceOnlyInParallelStreaming(String name) {
        boolean parallel = name.contains("-parallel");
        List<StreamAbort> aborts = Recording.read(name).decoded().stream()
                .filter(StreamAbort.class::isInstance)
                .map(StreamAbort.class::cast)
                .toList();
        assertThat(aborts).hasSize(3);
        assertThat(aborts).allMatch(abort -> abort.info().isPresent() == parallel);
        List<Lsn> places = aborts.stream()
                .flatMap(abort -> abort.info().stream())
                .map(StreamAbort.AbortInfo::abortLsn)
                .toList();
        assertThat(places).allMatch(Lsn::isValid).isSorted();
    }

    @ParameterizedTest
    @MethodSource("recordings")
    void theMessagesOfAPreparedTransactionFit(String name) {
        List<BeginPrepare> begun = new ArrayList<>();
        Map<Long, Lsn> preparedUntil = new HashMap<>();
        int ended = 0;
        for (PgOutputMessage message : Recording.read(name).decoded()) {
            if (message instanceof BeginPrepare begin) {
                begun.add(begin);
            } else if (message instanceof Prepare prepare) {
                BeginPrepare begin = begun.remove(0);
                assertThat(new BeginPrepare(
                                prepare.prepareLsn(),
                                prepare.endLsn(),
                                prepare.prepareTimeMicros(),
                                prepare.xid(),
                                prepare.gid()))
                        .isEqualTo(begin);
                preparedUntil.put(prepare.xid(), prepare.endLsn());
            } else if (message instanceof StreamPrepare prepare) {
                preparedUntil.put(prepare.xid(), prepare.endLsn());
            } else if (message instanceof CommitPrepared commit) {
                assertThat(preparedUntil).containsKey(commit.xid());
                assertThat(commit.commitLsn()).isGreaterThanOrEqualTo(preparedUntil.get(commit.xid()));
                ended++;
            } else if (message instanceof RollbackPrepared rollback) {
                assertThat(preparedUntil).containsEntry(rollback.xid(), rollback.prepareEndLsn());
                assertThat(rollback.rollbackEndLsn()).isGreaterThan(rollback.prepareEndLsn());
                ended++;
            }
        }
        assertThat(begun).isEmpty();
        assertThat(ended).isEqualTo(Recording.read(name).state(false).version() >= 3 ? 4 : 0);
    }
}
