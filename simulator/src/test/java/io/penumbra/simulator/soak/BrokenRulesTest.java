package io.penumbra.simulator.soak;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.domain.Vm;
import io.penumbra.domain.command.Command;
import io.penumbra.domain.command.Command.CloudCommand;
import io.penumbra.domain.event.Event;
import io.penumbra.domain.event.FencingResult;
import io.penumbra.domain.event.Outcome;
import io.penumbra.domain.placement.PlacementRequest;
import io.penumbra.domain.policy.Diversity;
import io.penumbra.domain.policy.EffectivePolicy;
import io.penumbra.domain.policy.ProtectionPolicy;
import io.penumbra.scheduler.SchedulerSettings;
import io.penumbra.scheduler.port.Cloud;
import io.penumbra.scheduler.port.Journal;
import io.penumbra.scheduler.port.TrafficRouter;
import io.penumbra.simulator.check.Breach;
import io.penumbra.simulator.engine.Seams;
import io.penumbra.simulator.fault.FaultKind;
import io.penumbra.simulator.fault.FaultMix;
import io.penumbra.simulator.world.OutputGate;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

/**
 * The production code with one rule broken, at a port or in a setting: the soak must find it within
 * few seeds, name the never, and give a seed that finds it again. Checkers that can't fail prove
 * nothing.
 */
final class BrokenRulesTest {

  private static final int SEEDS_MAX = 40;

  @Test
  void promotingOnHopeIsFound() {
    Seams broken =
        Seams.sound()
            .withIncoming(event ->
                event instanceof Event.CommandReported reported
                        && reported.outcome() instanceof Outcome.FencingAnswered
                    ? new Event.CommandReported(
                        reported.at(),
                        reported.command(),
                        new Outcome.FencingAnswered(new FencingResult.Fenced("nobody has looked")))
                    : event);
    FaultMix faults =
        FaultMix.of(FaultKind.PARTITION, FaultKind.PARTITION_ONE_WAY, FaultKind.BMC_SILENT)
            .with(FaultKind.BMC_SILENT, 0.9);

    found(1, broken, faults);
  }

  @Test
  void shadowsBesideTheirPrimariesAreFound() {
    Seams broken =
        Seams.sound()
            .withCloud(BrokenRulesTest::withoutDiversity)
            .withPlacing(asked ->
                new PlacementRequest(
                    asked.id(),
                    asked.at(),
                    withoutDiversity(asked.vm()),
                    asked.fixedPrimary(),
                    asked.existingShadows(),
                    asked.excluded(),
                    asked.offered(),
                    asked.zone(),
                    asked.requiredTraits(),
                    asked.forbiddenTraits(),
                    asked.groups(),
                    asked.seed()));

    found(2, broken, FaultMix.of(FaultKind.HOST_FAILURE));
  }

  private static Vm withoutDiversity(Vm vm) {
    ProtectionPolicy policy = vm.policy().policy();
    return vm.withPolicy(
        new EffectivePolicy(
            new ProtectionPolicy(
                policy.mode(),
                policy.shadows(),
                policy.rpo(),
                policy.rto(),
                Diversity.HOST_ONLY,
                policy.commit(),
                policy.thresholds(),
                policy.priority()),
            vm.policy().source()));
  }

  private static Cloud withoutDiversity(Cloud cloud) {
    return new Cloud() {
      @Override
      public Snapshot snapshot() {
        Snapshot true_ = cloud.snapshot();
        List<VmReport> vms =
            true_.vms().stream()
                .map(vm ->
                    new VmReport(withoutDiversity(vm.vm()), vm.host(), vm.running(), vm.term()))
                .toList();
        return new Snapshot(true_.cursor(), true_.hosts(), vms, true_.shadows());
      }

      @Override
      public Page events(long cursor, int max) {
        Page page = cloud.events(cursor, max);
        List<Event> events =
            page.events().stream()
                .map(event ->
                    event instanceof Event.VmCreated created
                        ? new Event.VmCreated(
                            created.at(), withoutDiversity(created.vm()), created.host())
                        : event)
                .toList();
        return new Page(events, page.next());
      }

      @Override
      public void execute(CloudCommand command) {
        cloud.execute(command);
      }
    };
  }

  @Test
  void promotingWhatWasNotVerifiedIsFound() {
    Seams broken =
        Seams.sound()
            .withIncoming(event ->
                event instanceof Event.CommandReported reported
                        && reported.outcome() instanceof Outcome.Synced synced
                    ? new Event.CommandReported(
                        reported.at(),
                        reported.command(),
                        new Outcome.Synced(
                            synced.term(), synced.epoch(), true, synced.age(), synced.bytesLost()))
                    : event);

    found(
        3,
        broken,
        FaultMix.of(FaultKind.HOST_FAILURE)
            .with(FaultKind.HOST_FAILURE, 3)
            .with(FaultKind.STORE_CORRUPTS, 0.8));
  }

  @Test
  void promotingTheStateOfAnEarlierTermIsFound() {
    Seams broken =
        Seams.sound()
            .withCloud(BrokenRulesTest::claimingTheNewestTerm)
            .withIncoming(event ->
                event instanceof Event.CommandReported reported
                        && reported.outcome() instanceof Outcome.Synced synced
                    ? new Event.CommandReported(
                        reported.at(),
                        reported.command(),
                        new Outcome.Synced(
                            Long.MAX_VALUE,
                            synced.epoch(),
                            synced.verified(),
                            synced.age(),
                            synced.bytesLost()))
                    : event);

    found(
        3,
        broken,
        FaultMix.of(FaultKind.HOST_FAILURE, FaultKind.CONTROLLER_CRASH, FaultKind.PARTITION)
            .with(FaultKind.HOST_FAILURE, 6)
            .with(FaultKind.CONTROLLER_CRASH, 6)
            .with(FaultKind.PARTITION, 4));
  }

  private static Cloud claimingTheNewestTerm(Cloud cloud) {
    return new Cloud() {
      @Override
      public Snapshot snapshot() {
        Snapshot true_ = cloud.snapshot();
        List<ShadowReport> shadows =
            true_.shadows().stream()
                .map(shadow ->
                    new ShadowReport(
                        shadow.vm(),
                        shadow.host(),
                        shadow.mode(),
                        shadow.resident(),
                        shadow.complete(),
                        Long.MAX_VALUE))
                .toList();
        return new Snapshot(true_.cursor(), true_.hosts(), true_.vms(), shadows);
      }

      @Override
      public Page events(long cursor, int max) {
        return cloud.events(cursor, max);
      }

      @Override
      public void execute(CloudCommand command) {
        cloud.execute(command);
      }
    };
  }

  @Test
  void responsesThatLeaveBeforeTheirEpochAreFound() {
    found(
        4,
        Seams.sound().withGate(OutputGate.OPEN),
        FaultMix.of(FaultKind.HOST_FAILURE, FaultKind.PARTITION));
  }

  @Test
  void claimsThatAreNotCountedAreFound() {
    Seams broken =
        Seams.sound()
            .withSettings(
                settings -> settings.withLoop(withClaimTtl(settings.loop(), Duration.ofMillis(1))));

    found(5, broken, FaultMix.of(FaultKind.HOST_FAILURE));
  }

  private static SchedulerSettings.Loop withClaimTtl(SchedulerSettings.Loop loop, Duration ttl) {
    return new SchedulerSettings.Loop(
        loop.inboxMax(),
        loop.eventsPerPage(),
        loop.claimRetries(),
        ttl,
        loop.reconcileEvery(),
        loop.journalEntriesMax(),
        loop.ledgerMax(),
        loop.seed());
  }

  @Test
  void clientsSentToShadowsAreFound() {
    TrafficRouter[] router = new TrafficRouter[1];
    Seams broken =
        Seams.sound()
            .withTraffic(traffic -> {
              router[0] = traffic;
              return traffic;
            })
            .withCloud(cloud ->
                alsoDoing(
                    cloud,
                    command -> {
                      if (command instanceof Command.CreateShadow create) {
                        router[0].execute(
                            new Command.PointDns(
                                io.penumbra.domain.CommandId.of(create.id() + "-dns"),
                                create.vm(),
                                create.host()));
                      }
                    }));

    found(6, broken, FaultMix.none());
  }

  private static Cloud alsoDoing(Cloud cloud, Consumer<CloudCommand> besides) {
    return new Cloud() {
      @Override
      public Snapshot snapshot() {
        return cloud.snapshot();
      }

      @Override
      public Page events(long cursor, int max) {
        return cloud.events(cursor, max);
      }

      @Override
      public void execute(CloudCommand command) {
        cloud.execute(command);
        besides.accept(command);
      }
    };
  }

  @Test
  void aBreakerThatIsOffIsFound() {
    Seams broken =
        Seams.sound()
            .withSettings(settings -> {
              SchedulerSettings.Breaker breaker = settings.breaker();
              return settings.withBreaker(
                  new SchedulerSettings.Breaker(
                      false, breaker.window(), breaker.hosts(), breaker.guests(), breaker.moves()));
            });

    found(
        7,
        broken,
        FaultMix.of(FaultKind.DOMAIN_FAILURE)
            .with(FaultKind.DOMAIN_FAILURE, 6)
            .with(FaultKind.TELEMETRY_LIES, 12));
  }

  @Test
  void guestBytesInTheJournalAreFound() {
    Seams broken =
        Seams.sound()
            .withIncoming(event ->
                event instanceof Event.CommandReported reported
                        && reported.outcome()
                            instanceof Outcome.FencingAnswered(FencingResult.Fenced fenced)
                    ? new Event.CommandReported(
                        reported.at(),
                        reported.command(),
                        new Outcome.FencingAnswered(
                            new FencingResult.Fenced(
                                fenced.proof() + ", password PENUMBRA-CANARY-BMC-PASSWORD")))
                    : event);

    found(9, broken, FaultMix.of(FaultKind.HOST_FAILURE));
  }

  @Test
  void aJournalThatForgetsIsFound() {
    Seams broken = Seams.sound().withJournal(BrokenRulesTest::forgetful);
    FaultMix faults =
        FaultMix.of(FaultKind.HOST_FAILURE)
            .with(FaultKind.HOST_FAILURE, 4)
            .with(FaultKind.CONTROLLER_CRASH, 10);

    assertThat(firstFailure(broken, faults, breach -> true)).isPresent();
  }

  private static Journal forgetful(Journal journal) {
    return new Journal() {
      @Override
      public void append(List<Entry> entries) {
        // Says that it is durable, and it is not.
      }

      @Override
      public void replay(Consumer<Entry> consumer) {
        journal.replay(consumer);
      }

      @Override
      public void rewrite(List<Entry> entries) {
        // Nothing is kept.
      }

      @Override
      public void close() {
        journal.close();
      }
    };
  }

  /** Some early seed breaches exactly this never, and does so again. */
  private static void found(int never, Seams broken, FaultMix faults) {
    Optional<SoakResult> failure = firstFailure(broken, faults, breach -> breach.never() == never);

    assertThat(failure).as("a breach of never %d in %d seeds", never, SEEDS_MAX).isPresent();
    SoakResult again =
        SoakRun.run(
            failure.get().seed(), SoakRun.Options.usual().withFaults(faults).withSeams(broken));
    assertThat(again.traceHash()).isEqualTo(failure.get().traceHash());
    assertThat(again.breaches()).isEqualTo(failure.get().breaches());
    assertThat(again.report()).contains("./penumbra soak --seed " + again.seed());
    assertThat(again.verdict().exitCode()).isEqualTo(3);
  }

  private static Optional<SoakResult> firstFailure(
      Seams broken, FaultMix faults, Predicate<Breach> wanted) {
    SoakRun.Options options = SoakRun.Options.usual().withFaults(faults).withSeams(broken);
    for (long seed = 1; seed <= SEEDS_MAX; seed++) {
      SoakResult result = SoakRun.run(seed, options);
      if (result.breaches().stream().anyMatch(wanted)) {
        return Optional.of(result);
      }
    }
    return Optional.empty();
  }
}
