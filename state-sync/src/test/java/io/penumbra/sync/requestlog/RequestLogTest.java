package io.penumbra.sync.requestlog;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penumbra.domain.policy.CommitMode;
import io.penumbra.sync.requestlog.Admission.Admitted;
import io.penumbra.sync.requestlog.Admission.Why;
import java.nio.ByteBuffer;
import java.util.List;
import org.junit.jupiter.api.Test;

class RequestLogTest {

  private static final ConnectionId ANN = new ConnectionId("ann");
  private static final ConnectionId BEN = new ConnectionId("ben");
  private static final RequestLogBounds ROOMY = new RequestLogBounds(1_000, 1 << 20, 0);

  @Test
  void whenAsynchronousAResponseLeavesAtOnce() {
    RequestLog log = log(CommitMode.ASYNC);
    Delivery set = admit(log, ANN, "SET a 1");

    assertThat(log.answered(set, text("OK"))).isEqualTo(new Answer.Release());
  }

  @Test
  void withOutputCommitAResponseWaitsForItsEpoch() {
    RequestLog log = log(CommitMode.OUTPUT_COMMIT);
    Delivery set = admit(log, ANN, "SET a 1");
    assertThat(log.answered(set, text("OK"))).isEqualTo(new Answer.Held(1));
    assertThat(log.acked(0)).isEmpty();

    assertThat(log.cut()).isEqualTo(new CutPoint(1, 1, List.of()));
    List<Release> released = log.acked(1);

    assertThat(released).hasSize(1);
    assertThat(released.getFirst().connection()).isEqualTo(ANN);
    assertThat(released.getFirst().response()).isEqualTo(ByteBuffer.wrap(text("OK")));
    assertThat(log.size()).isZero();
    assertThat(log.bytes()).isZero();
  }

  @Test
  void anAnswerAfterTheCutBelongsToTheNextEpoch() {
    RequestLog log = log(CommitMode.OUTPUT_COMMIT);
    Delivery set = admit(log, ANN, "SET a 1");
    assertThat(log.cut().inDoubt()).containsExactly(1L);

    assertThat(log.answered(set, text("OK"))).isEqualTo(new Answer.Held(2));
    assertThat(log.acked(1)).isEmpty();
  }

  @Test
  void aQuietCutAdmitsNobodyUntilItIsMade() {
    RequestLog log = log(CommitMode.ASYNC);
    Delivery first = admit(log, ANN, "INCR a");
    assertThat(log.beginCut()).isEqualTo(1);
    assertThat(log.admit(BEN, text("INCR b"))).isEqualTo(new Admission.Wait(Why.CUT));

    log.answered(first, text("1"));
    assertThat(log.beginCut()).isZero();
    assertThat(log.cut().quiet()).isTrue();
    assertThat(log.admit(BEN, text("INCR b"))).isInstanceOf(Admitted.class);
  }

  @Test
  void afterATakeoverWhatCameSinceTheEpochIsToldAgainInOrder() {
    RequestLog log = log(CommitMode.ASYNC);
    log.answered(admit(log, ANN, "INCR a"), text("1"));
    log.cut();
    log.acked(1);
    log.answered(admit(log, ANN, "INCR a"), text("2"));
    Delivery third = admit(log, BEN, "INCR a");

    assertThat(log.takeOver(1)).isEqualTo(new Takeover.Ready(2, List.of(), List.of(), List.of()));
    assertThat(log.admit(ANN, text("INCR a"))).isEqualTo(new Admission.Wait(Why.REPLAY));
    assertThat(log.answered(third, text("3"))).isEqualTo(new Answer.Stale(third));

    Delivery again = new Delivery(2, 1);
    assertThat(log.nextReplay()).isEqualTo(new Replay.Tell(again, ByteBuffer.wrap(text("INCR a"))));
    assertThat(log.nextReplay()).isEqualTo(new Replay.Waiting(again));
    assertThat(log.answered(again, text("2"))).isEqualTo(new Answer.Swallow(true));
    assertThat(log.nextReplay())
        .isEqualTo(new Replay.Tell(new Delivery(3, 1), ByteBuffer.wrap(text("INCR a"))));
    assertThat(log.answered(new Delivery(3, 1), text("3"))).isEqualTo(new Answer.Release());
    assertThat(log.nextReplay()).isEqualTo(new Replay.Done());
    assertThat(log.admit(ANN, text("GET a"))).isInstanceOf(Admitted.class);
  }

  @Test
  void anotherAnswerThanBeforeIsNoticed() {
    RequestLog log = log(CommitMode.ASYNC);
    log.answered(admit(log, ANN, "TIME"), text("12:00"));
    log.takeOver(0);
    log.nextReplay();

    assertThat(log.answered(new Delivery(1, 1), text("12:01")))
        .isEqualTo(new Answer.Swallow(false));
  }

  @Test
  void whatTheEpochMayHoldHalfDoneIsToldAgainOnlyIfItMayBeDoneTwice() {
    for (InDoubt inDoubt : InDoubt.values()) {
      RequestLog log = new RequestLog(ROOMY, CommitMode.ASYNC, inDoubt, 0);
      admit(log, ANN, "INCR a");
      log.cut();
      log.acked(1);

      Takeover.Ready ready = (Takeover.Ready) log.takeOver(1);

      assertThat(ready.inDoubt()).containsExactly(1L);
      switch (inDoubt) {
        case REPLAY -> assertThat(log.nextReplay()).isInstanceOf(Replay.Tell.class);
        case GIVE_UP -> {
          assertThat(ready.givenUp()).containsExactly(ANN);
          assertThat(log.nextReplay()).isEqualTo(new Replay.Done());
        }
      }
    }
  }

  @Test
  void anOlderEpochCanBeTakenOverFromWhileItIsKept() {
    RequestLog log =
        new RequestLog(new RequestLogBounds(10, 1_000, 1), CommitMode.ASYNC, InDoubt.REPLAY, 0);
    for (int epoch = 1; epoch <= 3; epoch++) {
      log.answered(admit(log, ANN, "SET a " + epoch), text("OK"));
      log.cut();
      log.acked(epoch);
    }
    assertThat(log.takeOver(4)).isEqualTo(new Takeover.NeverCut(4, 3));
    assertThat(log.takeOver(1)).isEqualTo(new Takeover.TooOld(1, 2));
    assertThat(log.takeOver(2)).isEqualTo(new Takeover.Ready(1, List.of(), List.of(), List.of()));
  }

  @Test
  void aFullLogAdmitsNoMoreAndForgetsNothing() {
    RequestLog log =
        new RequestLog(new RequestLogBounds(2, 20, 0), CommitMode.OUTPUT_COMMIT, InDoubt.REPLAY, 0);
    assertThat(log.admit(ANN, new byte[21])).isEqualTo(new Admission.TooLarge(21, 20));
    Delivery first = admit(log, ANN, "12345678");
    Delivery second = admit(log, BEN, "12345678");
    assertThat(log.admit(ANN, text("x"))).isInstanceOf(Admission.Full.class);

    assertThat(log.answered(first, text("1234"))).isEqualTo(new Answer.Held(1));
    assertThat(log.answered(second, text("1"))).isInstanceOf(Answer.Full.class);
    log.cut();
    assertThat(log.acked(1)).hasSize(1);
    assertThat(log.answered(second, text("1"))).isEqualTo(new Answer.Held(2));
  }

  @Test
  void aClientThatWentAwayHoldsNothingUp() {
    RequestLog log = log(CommitMode.OUTPUT_COMMIT);
    Delivery answered = admit(log, ANN, "SET a 1");
    log.answered(answered, text("OK"));
    Delivery open = admit(log, ANN, "BLPOP q 0");
    log.closed(ANN);

    assertThat(log.answered(open, text("q"))).isEqualTo(new Answer.Stale(open));
    assertThat(log.beginCut()).isZero();
    log.cut();
    assertThat(log.acked(1)).isEmpty();
    assertThat(log.size()).isZero();
  }

  @Test
  void anAckOfAnEpochThatWasNeverCutIsRefused() {
    assertThatThrownBy(() -> log(CommitMode.ASYNC).acked(1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("epoch 1 is acked, but the newest that was cut is 0");
  }

  @Test
  void eachRequestSaysForItselfWhatBecomesOfItWhenInDoubt() {
    RequestLog log = new RequestLog(ROOMY, CommitMode.ASYNC, InDoubt.GIVE_UP, 0);
    log.admit(ANN, text("INCR a"), InDoubt.GIVE_UP);
    log.admit(BEN, text("SET b 1"), InDoubt.REPLAY);
    log.cut();
    log.acked(1);

    Takeover.Ready ready = (Takeover.Ready) log.takeOver(1);

    assertThat(ready).isEqualTo(new Takeover.Ready(1, List.of(1L, 2L), List.of(ANN), List.of()));
    assertThat(log.nextReplay())
        .isEqualTo(new Replay.Tell(new Delivery(2, 1), ByteBuffer.wrap(text("SET b 1"))));
    log.answered(new Delivery(2, 1), text("OK"));
    assertThat(log.nextReplay()).isEqualTo(new Replay.Done());
  }

  @Test
  void aCutThatIsCancelledLeavesTheEpochOpen() {
    RequestLog log = log(CommitMode.OUTPUT_COMMIT);
    Delivery first = admit(log, ANN, "INCR a");
    log.beginCut();
    assertThat(log.admit(ANN, text("INCR a"))).isEqualTo(new Admission.Wait(Why.CUT));

    log.cancelCut();

    assertThat(log.openEpoch()).isEqualTo(1);
    assertThat(log.answered(first, text("1"))).isEqualTo(new Answer.Held(1));
    admit(log, ANN, "INCR a");
    assertThat(log.cut()).isEqualTo(new CutPoint(1, 2, List.of(2L)));
  }

  @Test
  void aPopThatWaitedCountsFromTheMomentItWasServed() {
    RequestLog log = log(CommitMode.ASYNC);
    log.cut();
    log.acked(1);
    log.answered(admit(log, BEN, "RPUSH q x"), text("1"));
    assertThat(log.served(ANN, text("BLPOP q 0"), text("x"))).isEqualTo(new Answer.Release());
    assertThat(log.connectionOf(2)).contains(ANN);
    assertThat(log.beginCut()).isZero();

    log.takeOver(1);
    log.nextReplay();
    log.answered(new Delivery(1, 1), text("1"));
    assertThat(log.nextReplay())
        .isEqualTo(new Replay.Tell(new Delivery(2, 1), ByteBuffer.wrap(text("BLPOP q 0"))));
    assertThat(log.answered(new Delivery(2, 1), text("x"))).isEqualTo(new Answer.Swallow(true));
  }

  @Test
  void aPopServedInAFullLogIsTakenAllTheSameForTheVmHasDoneIt() {
    RequestLog log =
        new RequestLog(new RequestLogBounds(1, 10, 0), CommitMode.OUTPUT_COMMIT, InDoubt.REPLAY, 0);
    admit(log, BEN, "SET a 1");
    assertThat(log.admit(ANN, text("x"))).isInstanceOf(Admission.Full.class);
    assertThat(log.served(ANN, text("BLPOP q 0"), text("x"))).isEqualTo(new Answer.Held(1));
    log.cut();
    assertThat(log.acked(1)).singleElement().extracting(Release::connection).isEqualTo(ANN);
  }

  @Test
  void aPipelinedReplayTellsEverythingFirstAndIsDoneWhenAllIsAnswered() {
    RequestLog log = log(CommitMode.ASYNC);
    for (int i = 1; i <= 3; i++) {
      log.answered(admit(log, ANN, "INCR a"), text(String.valueOf(i)));
    }
    log.takeOver(0);
    for (int i = 1; i <= 3; i++) {
      assertThat(log.nextReplayAhead())
          .isEqualTo(new Replay.Tell(new Delivery(i, 1), ByteBuffer.wrap(text("INCR a"))));
    }
    for (int i = 1; i <= 3; i++) {
      Delivery next = new Delivery(i, 1);
      assertThat(log.nextReplayAhead()).isEqualTo(new Replay.Waiting(next));
      assertThat(log.answered(next, text(String.valueOf(i)))).isEqualTo(new Answer.Swallow(true));
    }
    assertThat(log.nextReplayAhead()).isEqualTo(new Replay.Done());
    assertThat(log.admit(ANN, text("INCR a"))).isInstanceOf(Admitted.class);
  }

  @Test
  void aPipelinedReplayIsToldOnceMoreWhenItsVmDiesToo() {
    RequestLog log = log(CommitMode.ASYNC);
    log.answered(admit(log, ANN, "INCR a"), text("1"));
    log.answered(admit(log, ANN, "INCR a"), text("2"));
    log.takeOver(0);
    log.nextReplayAhead();
    log.nextReplayAhead();
    log.answered(new Delivery(1, 1), text("1"));

    log.takeOver(0);

    assertThat(log.answered(new Delivery(2, 1), text("2"))).isInstanceOf(Answer.Stale.class);
    assertThat(log.nextReplayAhead()).isInstanceOf(Replay.Tell.class);
    assertThat(log.nextReplayAhead()).isInstanceOf(Replay.Tell.class);
    assertThat(log.nextReplayAhead()).isEqualTo(new Replay.Waiting(new Delivery(1, 2)));
  }

  private static RequestLog log(CommitMode mode) {
    return new RequestLog(ROOMY, mode, InDoubt.REPLAY, 0);
  }

  private static Delivery admit(RequestLog log, ConnectionId connection, String request) {
    return ((Admitted) log.admit(connection, text(request))).delivery();
  }

  private static byte[] text(String text) {
    return text.getBytes(UTF_8);
  }
}
