package io.penumbra.adapter.fencing;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.adapter.fencing.agent.AgentHalt;
import io.penumbra.adapter.fencing.agent.HostAgents;
import io.penumbra.adapter.fencing.agent.LeaseAnswer;
import io.penumbra.adapter.fencing.lease.LeaseExpiry;
import io.penumbra.domain.CommandId;
import io.penumbra.domain.HostId;
import io.penumbra.domain.VmId;
import io.penumbra.domain.command.Command;
import io.penumbra.domain.command.Command.FenceCommand;
import io.penumbra.domain.event.Event;
import io.penumbra.domain.event.FencingResult;
import io.penumbra.domain.event.FencingResult.Fenced;
import io.penumbra.domain.event.FencingResult.NotFenced;
import io.penumbra.domain.event.FencingResult.Unknown;
import io.penumbra.domain.event.Outcome;
import io.penumbra.scheduler.lease.LeaseBook;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(180)
class CombinedFencerTest {

  private static final HostId HOST = HostId.of("host-a");
  private static final HostId SHADOW = HostId.of("host-b");
  private static final VmId VM = VmId.of("vm-1");
  private static final Fenced OFF = new Fenced("power reads off");
  private static final NotFenced ON = new NotFenced("power reads on");
  private static final Unknown SILENT = new Unknown("no answer");

  private final BlockingQueue<Outcome> heard = new LinkedBlockingQueue<>();
  private final AtomicInteger stopped = new AtomicInteger();

  private boolean hear(Event event) {
    return heard.add(((Event.CommandReported) event).outcome());
  }

  /** An agent that stops what it is asked to stop. */
  private final HostAgents agents =
      new HostAgents() {
        @Override
        public FencingResult stopVm(HostId host, VmId vm) {
          stopped.incrementAndGet();
          return new Fenced("process 42 is gone");
        }

        @Override
        public FencingResult stopAll(HostId host) {
          return new Fenced("3 processes are gone");
        }

        @Override
        public LeaseAnswer endLease(HostId keeper, VmId vm, HostId primary, Duration silent) {
          return new LeaseAnswer.RanOut(Duration.ofMillis(7));
        }
      };

  private FencingResult answerTo(FenceCommand command, PowerSwitch... switches)
      throws InterruptedException {
    try (CombinedFencer fencer = fencer(switches)) {
      fencer.execute(command);
      return next();
    }
  }

  private FencingResult next() throws InterruptedException {
    Outcome outcome = heard.poll(60, TimeUnit.SECONDS);
    assertThat(outcome).isInstanceOf(Outcome.FencingAnswered.class);
    return ((Outcome.FencingAnswered) outcome).result();
  }

  private CombinedFencer fencer(PowerSwitch... switches) {
    LeaseExpiry leases =
        new LeaseExpiry(
            new LeaseBook(List.of(), 0),
            agents,
            System::nanoTime,
            Thread::sleep,
            Duration.ofSeconds(1));
    return new CombinedFencer(
        List.of(switches), agents, leases, InstantSource.fixed(Instant.EPOCH), this::hear);
  }

  private static FenceCommand fenceHost() {
    return new Command.FenceHost(CommandId.of("f"), HOST);
  }

  @Test
  void theFirstProofCountsAndNobodyWaitsForTheOthers() throws Exception {
    PowerSwitch never =
        host -> {
          Thread.sleep(Duration.ofMinutes(5));
          return ON;
        };

    assertThat(answerTo(fenceHost(), never, host -> SILENT, host -> OFF)).isEqualTo(OFF);
  }

  @Test
  void withoutProofAnyDoubtIsDoubt() throws Exception {
    assertThat(answerTo(fenceHost(), host -> ON, host -> SILENT))
        .isEqualTo(new Unknown("power reads on; no answer"));
    assertThat(answerTo(fenceHost(), host -> ON)).isEqualTo(ON);
    assertThat(answerTo(fenceHost()))
        .isEqualTo(new Unknown("no way to switch host-a off is configured"));
  }

  @Test
  void aWayThatBreaksIsAWayThatSaysNothing() throws Exception {
    PowerSwitch broken =
        host -> {
          throw new IllegalStateException("password=geheim");
        };

    assertThat(answerTo(fenceHost(), broken))
        .isEqualTo(new Unknown("java.lang.IllegalStateException"));
    assertThat(answerTo(fenceHost(), broken, new AgentHalt(agents)))
        .isEqualTo(new Fenced("3 processes are gone"));
  }

  @Test
  void anInstanceIsStoppedByItsAgentAndALeaseByItsKeeper() throws Exception {
    assertThat(answerTo(new Command.FenceVm(CommandId.of("v"), VM, HOST)))
        .isEqualTo(new Fenced("process 42 is gone"));
    assertThat(answerTo(new Command.ExpireLease(CommandId.of("l"), VM, HOST, SHADOW)))
        .isEqualTo(new Fenced("lease ran out 7 ms ago by the clock of host-b"));
  }

  @Test
  void whatWasStoppedUnderAnIdIsNotStoppedAgainUnderIt() throws Exception {
    try (CombinedFencer fencer = fencer()) {
      fencer.execute(new Command.FenceVm(CommandId.of("v"), VM, HOST));
      FencingResult first = next();
      fencer.execute(new Command.FenceVm(CommandId.of("v"), VM, HOST));

      assertThat(next()).isEqualTo(first);
    }
    assertThat(stopped).as("it may run there again by now").hasValue(1);
  }

  @Test
  void aRackOfVmsWaitsForItsLeasesAllAtOnce() throws Exception {
    try (CombinedFencer fencer = fencer()) {
      for (int i = 0; i < 500; i++) {
        fencer.execute(
            new Command.ExpireLease(CommandId.of("l" + i), VmId.of("vm-" + i), HOST, SHADOW));
      }
      for (int i = 0; i < 500; i++) {
        assertThat(next()).isInstanceOf(Fenced.class);
      }
    }
  }
}
