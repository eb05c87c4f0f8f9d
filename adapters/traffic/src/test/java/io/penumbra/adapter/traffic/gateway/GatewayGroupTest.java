package io.penumbra.adapter.traffic.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class GatewayGroupTest {

  private static final Duration WAIT = Duration.ofSeconds(10);

  private final List<String> story = new ArrayList<>();

  @Test
  void aCutIsQuietOnlyIfItIsQuietAtAll() {
    Scripted calm = new Scripted("a", new Hold.Held(0, 10), new Cut.Taken(5, 0, true));
    Scripted busy = new Scripted("b", new Hold.Held(2, 30), new Cut.Taken(9, 2, true));

    assertThat(new GatewayGroup(List.of(calm)).beginCut(WAIT)).isEqualTo(new Hold.Held(0, 10));
    assertThat(new GatewayGroup(List.of(calm, busy)).beginCut(WAIT))
        .isEqualTo(new Hold.Held(2, 40));
    assertThat(new GatewayGroup(List.of()).beginCut(WAIT)).isEqualTo(new Hold.Held(0, 0));
  }

  @Test
  void theGatewaysShareOnePatience() {
    Scripted first = new Scripted("a", new Hold.Held(0, 0), new Cut.Taken(1, 0, true));
    Scripted second = new Scripted("b", new Hold.Held(0, 0), new Cut.Taken(1, 0, true));
    new GatewayGroup(List.of(first, second)).beginCut(WAIT);

    assertThat(first.asked).isLessThanOrEqualTo(WAIT);
    assertThat(second.asked).isLessThanOrEqualTo(first.asked);
  }

  @Test
  void ifOneRefusesTheOthersGoOn() {
    Hold.Refused refusal = new Hold.Refused("a takeover is under way");
    Scripted held = new Scripted("a", new Hold.Held(0, 0), new Cut.Taken(1, 0, true));
    Scripted refuses = new Scripted("b", refusal, new Cut.Lapsed("no cut was begun"));
    Scripted never = new Scripted("c", new Hold.Held(0, 0), new Cut.Taken(1, 0, true));

    assertThat(new GatewayGroup(List.of(held, refuses, never)).beginCut(WAIT)).isEqualTo(refusal);
    assertThat(story).containsExactly("a begin", "b begin", "a cancel");
  }

  @Test
  void oneLapsedCutSpoilsTheEpochAndAcksAddUp() {
    Scripted taken = new Scripted("a", new Hold.Held(0, 0), new Cut.Taken(1, 0, true));
    Scripted late = new Scripted("b", new Hold.Held(0, 0), new Cut.Lapsed("too late"));
    GatewayGroup group = new GatewayGroup(List.of(taken, late));
    List<Cut> cuts = group.cut(7);

    assertThat(cuts).containsExactly(new Cut.Taken(1, 0, true), new Cut.Lapsed("too late"));
    assertThat(GatewayGroup.lapse(cuts)).contains("too late");
    assertThat(GatewayGroup.lapse(cuts.subList(0, 1))).isEmpty();
    assertThat(group.acked(7)).isEqualTo(14);
    group.cancelCut();
    assertThat(story)
        .containsExactly("a cut 7", "b cut 7", "a acked 7", "b acked 7", "a cancel", "b cancel");
  }

  /** Answers as it was told to. */
  private final class Scripted implements GatewayControl {

    private final String name;
    private final Hold hold;
    private final Cut cut;
    private Duration asked = Duration.ZERO;

    Scripted(String name, Hold hold, Cut cut) {
      this.name = name;
      this.hold = hold;
      this.cut = cut;
    }

    @Override
    public Hold beginCut(Duration wait) {
      asked = wait;
      story.add(name + " begin");
      return hold;
    }

    @Override
    public Cut cut(long epoch) {
      story.add(name + " cut " + epoch);
      return cut;
    }

    @Override
    public void cancelCut() {
      story.add(name + " cancel");
    }

    @Override
    public int acked(long epoch) {
      story.add(name + " acked " + epoch);
      return (int) epoch;
    }

    @Override
    public TakeoverOutcome takeOver(InetSocketAddress backend, long epoch) {
      return new TakeoverOutcome.Refused("not part of this story");
    }

    @Override
    public TakeoverOutcome redirect(InetSocketAddress backend) {
      return new TakeoverOutcome.Refused("not part of this story");
    }

    @Override
    public void unprotect(String why) {
      story.add(name + " unprotect");
    }

    @Override
    public GatewayMetrics metrics() {
      throw new UnsupportedOperationException("not part of this story");
    }
  }
}
