package io.penumbra.simulator.world;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.domain.CommandId;
import io.penumbra.domain.command.Command;
import io.penumbra.domain.event.Event;
import io.penumbra.domain.event.FencingResult;
import io.penumbra.domain.event.Outcome;
import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.simulator.fault.FaultDice;
import io.penumbra.simulator.fault.FaultMix;
import io.penumbra.simulator.run.ScenarioInputs;
import io.penumbra.simulator.run.Wish;
import io.penumbra.simulator.scenario.Scenario;
import io.penumbra.simulator.scenario.ScenarioDraft;
import io.penumbra.simulator.time.VirtualTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Who renews a lease when shadows come and go, and what asking for its end is worth then. */
class LeaseKeepingTest {

  private static final Duration WEEK = Duration.ofDays(7);

  private final Scenario scenario =
      ScenarioDraft.defaults().set("workload.vms", "1", "test").hosts(4).seed(1).build();
  private final ScenarioInputs inputs = ScenarioInputs.of(scenario);
  private final VirtualTime time = new VirtualTime(scenario.start());
  private final World world =
      new World(time, WorldSpec.of(scenario.timing()), scenario.seeds(), inputs.fleet().hosts());
  private final List<Outcome> answers = new ArrayList<>();
  private final SimulatedFencer fencer =
      new SimulatedFencer(
          world, new FaultDice(FaultMix.none(), scenario.seeds()), scenario.seeds(), this::heard);
  private final Operations operations =
      new Operations(
          world,
          new SimulatedCloud(
              world, new FaultDice(FaultMix.none(), scenario.seeds()), scenario.seeds()));
  private Instance primary;
  private Instance first;
  private int commands;

  private void heard(Event event) {
    answers.add(((Event.CommandReported) event).outcome());
  }

  @BeforeEach
  void aVmWithAShadow() {
    Wish wish = inputs.wishes(scenario.policies().all(ShadowMode.WARM)).apply(0);
    primary = world.create(wish.vm(), 0, host(0), wish.sync());
    first = shadowOn(1);
    passes(Duration.ofMinutes(1));
  }

  @Test
  void theShadowThatReplacesADeadOneKeepsTheLeaseAndCanEndIt() {
    operations.hostFails(host(1), WEEK, "its host died");
    Instance second = shadowOn(2);
    passes(Duration.ofMinutes(1));

    operations.powerFails(List.of(host(0)), WEEK, "its rack lost power");
    expire(second);

    assertThat(answers).singleElement().satisfies(LeaseKeepingTest::isProof);
  }

  @Test
  void theSecondOfTwoShadowsStandsInForTheFirst() {
    Instance second = shadowOn(2);
    operations.hostFails(host(1), WEEK, "its host died");
    world.controllerWent(false, "it crashed");
    passes(Duration.ofHours(1));

    assertThat(primary.serving()).as("renewed by %s", second).isTrue();
  }

  @Test
  void whoeverLosesTheRoleCannotEndTheLeaseAnyMore() {
    Instance second = shadowOn(2);
    cut(0, 1);
    passes(Duration.ofMinutes(1));

    expire(first);

    assertThat(answers).singleElement().satisfies(LeaseKeepingTest::isNoProof);
    assertThat(primary.lease().keeper).isSameAs(second);
  }

  @Test
  void nobodyStandsInWhileTheKeeperIsWaitingForTheEnd() {
    shadowOn(2);
    Command.ExpireLease asked = order(first);
    fencer.execute(asked);
    passes(Duration.ofMillis(200));
    cut(0, 1);
    passes(Duration.ofMinutes(1));

    assertThat(answers).singleElement().satisfies(LeaseKeepingTest::isProof);
    assertThat(primary.serving()).isFalse();
  }

  @Test
  void withoutTheControllerTheRoleStaysWhereItIs() {
    shadowOn(2);
    world.controllerWent(false, "it crashed");
    passes(Duration.ofSeconds(1));
    operations.hostFails(host(1), WEEK, "its host died");
    passes(Duration.ofMinutes(1));

    assertThat(primary.lease().keeper).isSameAs(first);
    assertThat(primary.serving()).as("nobody renewed").isFalse();
  }

  @Test
  void anAnswerIsNoProofWhenTheLeaseWasRenewedMeanwhile() {
    fencer.execute(order(first));
    passes(Duration.ofMillis(200));
    world.clearFence(primary);
    passes(Duration.ofMinutes(1));

    assertThat(primary.serving()).isTrue();
    assertThat(answers).singleElement().satisfies(LeaseKeepingTest::isNoProof);
  }

  @Test
  void aLeaseThatHasRunOutIsNotTakenUpByTheNextShadow() {
    shadowOn(2);
    fencer.execute(order(first));
    passes(Duration.ofMinutes(1));
    assertThat(answers).singleElement().satisfies(LeaseKeepingTest::isProof);

    world.removeShadow(first, "the chunk store lost its state");
    passes(Duration.ofMinutes(1));
    assertThat(primary.serving()).as("whoever was told that it is fenced relies on it").isFalse();

    world.clearFence(primary);
    passes(Duration.ofMinutes(1));
    assertThat(primary.serving()).as("the controller itself takes it back").isTrue();
  }

  private WorldHost host(int index) {
    return world.hosts().get(index);
  }

  private Instance shadowOn(int index) {
    Instance shadow =
        world.admitShadow(primary, host(index), ShadowMode.WARM, primary.vm().vm().size());
    world.completeShadow(shadow, primary);
    return shadow;
  }

  private void expire(Instance shadow) {
    fencer.execute(order(shadow));
    passes(Duration.ofMinutes(1));
  }

  private Command.ExpireLease order(Instance shadow) {
    return new Command.ExpireLease(
        CommandId.of("c-" + commands++), primary.vm().id(), host(0).id(), shadow.host().id());
  }

  private void cut(int from, int to) {
    BitSet one = new BitSet();
    one.set(from);
    BitSet other = new BitSet();
    other.set(to);
    world.network().cut(one, other);
    world.review(host(from));
  }

  private void passes(Duration span) {
    long until = time.nanos() + span.toNanos();
    while (time.runNext(until)) {
      // Everything is done by the actions.
    }
  }

  private static void isProof(Outcome outcome) {
    assertThat(outcome).isInstanceOf(Outcome.FencingAnswered.class);
    assertThat(((Outcome.FencingAnswered) outcome).result())
        .isInstanceOf(FencingResult.Fenced.class);
  }

  private static void isNoProof(Outcome outcome) {
    assertThat(outcome).isInstanceOf(Outcome.FencingAnswered.class);
    assertThat(((Outcome.FencingAnswered) outcome).result())
        .isInstanceOf(FencingResult.Unknown.class);
  }
}
