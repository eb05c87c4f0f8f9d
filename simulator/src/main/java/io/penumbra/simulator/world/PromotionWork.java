package io.penumbra.simulator.world;

import io.penumbra.domain.HostId;
import io.penumbra.domain.VmId;
import io.penumbra.domain.command.Command;
import io.penumbra.domain.event.Outcome;
import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.simulator.fault.FaultDice;
import io.penumbra.simulator.fault.FaultKind;
import io.penumbra.simulator.world.Instance.State;
import java.time.Duration;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/** What agents do when a shadow takes over. */
final class PromotionWork {

  private static final Outcome DONE = new Outcome.Done();

  private final World world;
  private final FaultDice dice;
  private final BiConsumer<Instance, String> lost;

  PromotionWork(World world, FaultDice dice, BiConsumer<Instance, String> lost) {
    this.world = world;
    this.dice = dice;
    this.lost = lost;
  }

  void syncLast(Command.SyncLast command, Consumer<Outcome> answer) {
    Optional<Instance> shadow = shadow(command.vm(), command.host());
    WorldHost host = world.host(command.host());
    if (!world.agentAnswers(host)) {
      silent(answer, host);
    } else if (shadow.isEmpty() || !shadow.get().replica().complete()) {
      answer.accept(new Outcome.Failed("no-shadow", "no complete shadow on " + host));
    } else if (command.primary().isPresent()) {
      pauseAndSync(shadow.get(), command.primary().get(), answer);
    } else {
      answerVerified(shadow.get(), answer);
    }
  }

  private void pauseAndSync(Instance shadow, HostId primaryHost, Consumer<Outcome> answer) {
    WorldHost from = world.host(primaryHost);
    Optional<Instance> primary = shadow.vm().on(from).filter(there -> !there.isShadow());
    boolean alreadyPaused = primary.isPresent() && primary.get().pausedForSync;
    if (primary.isEmpty() || !(world.linkStands(shadow) || alreadyPaused)) {
      answer.accept(new Outcome.Failed("no-link", "the shadow does not hear the primary"));
    } else if (!world.agentAnswers(from)) {
      silent(answer, from);
    } else {
      Instance source = primary.get();
      if (!alreadyPaused) {
        source.pausedForSync = true;
        world.pause(source, "paused for its last sync");
      }
      long takes = shadow.vm().sync().lastSync(world.network().slowness(shadow.host().index()));
      world.time().afterNanos(takes, () -> synced(shadow, source, answer));
    }
  }

  private void synced(Instance shadow, Instance source, Consumer<Outcome> answer) {
    boolean reachable =
        world.network().talks(source.host().index(), shadow.host().index())
            && source.host().agentWorks()
            && shadow.host().agentWorks();
    if (!reachable || source.state() != State.PAUSED || shadow.removed || !shadow.isShadow()) {
      answer.accept(new Outcome.Failed("sync-broken", "the last sync broke off"));
      return;
    }
    source.epochs().closeLast(world.now());
    shadow
        .replica()
        .completed(
            source.term(), source.epochs().at(world.now()), source.epochs().closedAt(world.now()));
    world.changed(shadow.vm());
    answer.accept(new Outcome.Synced(source.term(), world.acked(shadow), true, Duration.ZERO, 0));
  }

  /** Reads everything back and checks it; a cold shadow's state comes from the chunk store. */
  private void answerVerified(Instance shadow, Consumer<Outcome> answer) {
    Replica replica = shadow.replica();
    if (shadow.state() == State.STOPPED) {
      answer.accept(new Outcome.Failed("no-shadow", "the shadow is dead"));
      return;
    }
    if (shadow.mode() == ShadowMode.COLD && dice.strikes(FaultKind.STORE_LOSES)) {
      shadow.vm().stored = false;
      world.removeShadow(shadow, "the chunk store lost its state");
      lost.accept(shadow, "the chunk store lost its state");
      answer.accept(new Outcome.Failed("state-lost", "the chunk store has lost its state"));
      return;
    }
    if (replica.verified()
        && shadow.mode() == ShadowMode.COLD
        && dice.strikes(FaultKind.STORE_CORRUPTS)) {
      replica.freeze(world.sourceOf(shadow.vm()), world.now());
      long epochs = 1L + dice.stream(FaultKind.STORE_CORRUPTS).nextInt(3);
      replica.damage(epochs, epochs * shadow.epochs().interval());
      world.tell(new Happening.Noted("chunks of %s are corrupt".formatted(shadow)));
      answer.accept(synced(shadow, false));
      return;
    }
    replica.verify();
    answer.accept(synced(shadow, true));
  }

  private Outcome synced(Instance shadow, boolean verified) {
    long lacks = world.lacks(shadow);
    return new Outcome.Synced(
        world.termOf(shadow),
        world.acked(shadow),
        verified,
        Duration.ofNanos(lacks),
        shadow.vm().sync().bytesWritten(lacks));
  }

  void resume(Command.ResumePrimary command, Consumer<Outcome> answer) {
    WorldHost host = world.host(command.host());
    Optional<Instance> primary = instance(command.vm(), host).filter(i -> !i.isShadow());
    if (!world.agentAnswers(host)) {
      silent(answer, host);
    } else if (primary.isEmpty()) {
      answer.accept(new Outcome.Failed("no-instance", "no instance of it on " + host));
    } else {
      resume(primary.get(), command.term(), answer);
    }
  }

  private void resume(Instance primary, long term, Consumer<Outcome> answer) {
    world.clearFence(primary);
    world.returnsTo(primary, term);
    switch (primary.state()) {
      case SERVING -> answer.accept(DONE);
      case PAUSED -> {
        world.serve(primary, "resumed");
        answer.accept(DONE);
      }
      case STOPPED, STARTING -> world.boot(primary, "started again", () -> answer.accept(DONE));
      case WAITING -> throw new IllegalStateException("a primary that waits: " + primary);
    }
  }

  void activate(Command.Activate command, Consumer<Outcome> answer) {
    WorldHost host = world.host(command.host());
    Optional<Instance> there = instance(command.vm(), host);
    if (!world.agentAnswers(host)) {
      silent(answer, host);
    } else if (there.isEmpty() || there.get().vm().deleted()) {
      answer.accept(new Outcome.Failed("no-shadow", "no instance of it on " + host));
    } else if (!there.get().isShadow()) {
      again(there.get(), answer);
    } else if (there.get().state() != State.WAITING || !there.get().replica().complete()) {
      answer.accept(new Outcome.Failed("not-ready", "the shadow is not complete"));
    } else if (world.acked(there.get()) != command.epoch()) {
      answer.accept(
          new Outcome.Failed(
              "other-epoch",
              "asked for epoch %d, it is at %d"
                  .formatted(command.epoch(), world.acked(there.get()))));
    } else {
      world.promote(there.get(), command.epoch(), command.term(), answer);
    }
  }

  private void again(Instance promoted, Consumer<Outcome> answer) {
    if (promoted.serving()) {
      answer.accept(DONE);
    } else if (promoted.state() == State.STARTING) {
      world.time().afterNanos(1_000_000_000L, () -> again(promoted, answer));
    } else {
      answer.accept(new Outcome.Failed("stopped", "it was promoted and has stopped since"));
    }
  }

  void verify(Command.VerifyService command, Consumer<Outcome> answer) {
    WorldHost host = world.host(command.host());
    Optional<Instance> there = instance(command.vm(), host);
    if (!world.agentAnswers(host)) {
      silent(answer, host);
    } else if (there.isPresent() && there.get().serving()) {
      answer.accept(DONE);
    } else {
      answer.accept(new Outcome.Failed("no-answer", "nothing answers on " + host));
    }
  }

  void retire(Command.RetirePrimary command, Consumer<Outcome> answer) {
    WorldHost host = world.host(command.host());
    Optional<Instance> old = instance(command.vm(), host).filter(i -> !i.isShadow());
    if (old.isEmpty()) {
      answer.accept(DONE);
    } else if (!world.agentAnswers(host)) {
      silent(answer, host);
    } else if (old.get().vm().current().filter(old.get()::equals).isPresent()) {
      answer.accept(new Outcome.Failed("in-service", "the books call it the VM"));
    } else {
      world.stop(old.get(), "retired");
      world.takeOff(old.get());
      answer.accept(DONE);
    }
  }

  private Optional<Instance> shadow(VmId vm, HostId host) {
    return instance(vm, world.host(host)).filter(Instance::isShadow);
  }

  private Optional<Instance> instance(VmId vm, WorldHost host) {
    return world.vm(vm).flatMap(found -> found.on(host));
  }

  private void silent(Consumer<Outcome> answer, WorldHost host) {
    world
        .time()
        .after(
            world.spec().callTimeout(),
            () -> answer.accept(new Outcome.Unknown("the agent on %s is silent".formatted(host))));
  }
}
