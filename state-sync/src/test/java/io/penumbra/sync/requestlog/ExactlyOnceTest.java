package io.penumbra.sync.requestlog;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.domain.policy.CommitMode;
import io.penumbra.sync.requestlog.Admission.Admitted;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Random clients, cuts, acks and takeovers against a plain model: a VM that notes what it was told.
 */
class ExactlyOnceTest {

  private static final int STEPS = 400;
  private static final int SEEDS = 300;

  @ParameterizedTest
  @EnumSource(CommitMode.class)
  void everyRequestIsDoneOnceAndAnsweredOnce(CommitMode mode) {
    for (long seed = 0; seed < SEEDS; seed++) {
      Story story = new Story(mode, seed);
      for (int step = 0; step < STEPS; step++) {
        story.step();
      }
      story.end();
    }
  }

  /** One VM, its clients, its cuts, and the log between them. */
  private static final class Story {

    private final SplittableRandom random;
    private final String name;
    private final RequestLog log;
    private final CommitMode mode;

    /** What the VM has done, by request; its whole state. */
    private List<String> done = new ArrayList<>();

    private final Deque<Told> inbox = new ArrayDeque<>();
    private final Map<Long, List<String>> cuts = new HashMap<>();

    private final List<String> asked = new ArrayList<>();
    private final Map<String, String> seen = new HashMap<>();
    private long acked;

    Story(CommitMode mode, long seed) {
      this.mode = mode;
      this.random = new SplittableRandom(seed);
      this.name = mode + ", seed " + seed;
      RequestLogBounds bounds =
          new RequestLogBounds(
              random.nextInt(2, 40), random.nextInt(200, 2_000), random.nextInt(3));
      this.log = new RequestLog(bounds, mode, InDoubt.REPLAY, 0);
      cuts.put(0L, List.of());
    }

    void step() {
      switch (random.nextInt(12)) {
        case 0, 1, 2, 3, 4 -> ask();
        case 5, 6, 7 -> answer();
        case 8, 9 -> cut();
        case 10 -> ack();
        default -> {
          if (random.nextInt(8) == 0) {
            takeOver();
          }
        }
      }
    }

    /** Lets everything come to rest, and checks what is left. */
    void end() {
      takeOver();
      cut();
      ack();
      while (acked < log.openEpoch() - 1) {
        ack();
      }
      assertThat(done).as(name).isEqualTo(asked);
      assertThat(seen.keySet()).as(name).containsExactlyInAnyOrderElementsOf(asked);
    }

    private void ask() {
      String request = "request-" + asked.size();
      Admission admission = log.admit(new ConnectionId("c" + random.nextInt(3)), bytes(request));
      if (admission instanceof Admitted(Delivery delivery)) {
        asked.add(request);
        inbox.add(new Told(delivery, request));
      }
    }

    private void answer() {
      if (!inbox.isEmpty()) {
        Told told = inbox.remove();
        done.add(told.request);
        hear(told, log.answered(told.delivery, bytes(response(told.request))));
      }
    }

    private void hear(Told told, Answer answer) {
      switch (answer) {
        case Answer.Release() -> see(told.request, response(told.request));
        case Answer.Held(long epoch) -> assertThat(epoch).as(name).isEqualTo(log.openEpoch());
        case Answer.Swallow(boolean same) -> assertThat(same).as(name).isTrue();
        case Answer.Full(_, _) -> {
          // The VM has done it; its answer stays in the gateway's hand until there is room.
          forceRoom();
          hear(told, log.answered(told.delivery, bytes(response(told.request))));
        }
        case Answer.NobodyThere(), Answer.Stale(_) ->
            throw new AssertionError(name + ": " + answer);
      }
    }

    private void forceRoom() {
      CutPoint point = log.cut();
      List<String> state = new ArrayList<>(done);
      // Whoever waits for room has been done, but not answered: the cut must not hold it.
      point.inDoubt().forEach(position -> state.remove(asked(position)));
      cuts.put(point.epoch(), state);
      while (acked < point.epoch()) {
        ack();
      }
    }

    private void cut() {
      while (log.beginCut() > 0) {
        answer();
      }
      CutPoint point = log.cut();
      assertThat(point.quiet()).as(name).isTrue();
      cuts.put(point.epoch(), List.copyOf(done));
    }

    private void ack() {
      if (acked < log.openEpoch() - 1) {
        acked++;
        for (Release release : log.acked(acked)) {
          String request = asked(release.position());
          assertThat(cuts.get(acked)).as(name).contains(request);
          see(request, UTF_8.decode(release.response()).toString());
        }
      }
    }

    private void takeOver() {
      inbox.clear();
      done = new ArrayList<>(cuts.get(acked));
      if (mode == CommitMode.OUTPUT_COMMIT) {
        assertThat(done).as(name + ": what a client saw is never lost").containsAll(seen.keySet());
      }
      Takeover.Ready ready = (Takeover.Ready) log.takeOver(acked);
      for (Release release : ready.released()) {
        see(asked(release.position()), UTF_8.decode(release.response()).toString());
      }
      while (log.nextReplay() instanceof Replay.Tell(Delivery delivery, ByteBuffer request)) {
        Told told = new Told(delivery, UTF_8.decode(request).toString());
        done.add(told.request);
        hear(told, log.answered(delivery, bytes(response(told.request))));
        if (random.nextInt(20) == 0) {
          takeOver();
          return;
        }
      }
    }

    private String asked(long position) {
      return asked.get((int) position - 1);
    }

    private void see(String request, String response) {
      assertThat(response).as(name).isEqualTo(response(request));
      assertThat(seen.put(request, response)).as(name + ": answered once").isNull();
    }

    private static String response(String request) {
      return "answer to " + request;
    }

    private static byte[] bytes(String text) {
      return text.getBytes(UTF_8);
    }

    private record Told(Delivery delivery, String request) {}
  }
}
