package io.penumbra.simulator.world;

import io.penumbra.domain.HostId;
import io.penumbra.domain.VmId;
import io.penumbra.domain.command.Command;
import io.penumbra.domain.event.Outcome;
import io.penumbra.domain.policy.ShadowMode;
import java.util.Optional;
import java.util.function.Consumer;

/** What agents do with shadows: create, fill, turn, resize, remove. */
final class ShadowWork {

  private static final Outcome DONE = new Outcome.Done();

  private final World world;

  ShadowWork(World world) {
    this.world = world;
  }

  void create(Command.CreateShadow command, Consumer<Outcome> answer) {
    Optional<WorldVm> vm = world.vm(command.vm()).filter(found -> !found.deleted());
    WorldHost host = world.host(command.host());
    if (vm.isEmpty()) {
      answer.accept(new Outcome.Failed("no-vm", "there is no VM " + command.vm()));
      return;
    }
    Optional<Instance> primary = vm.get().current();
    if (primary.isEmpty() || !primary.get().host().id().equals(command.primary())) {
      answer.accept(
          new Outcome.Failed("primary-moved", "the primary is not on " + command.primary()));
      return;
    }
    if (!world.agentAnswers(host)) {
      silent(answer, host);
      return;
    }
    Optional<Instance> there = vm.get().on(host);
    if (there.isPresent()) {
      occupied(there.get(), command, answer);
      return;
    }
    if (command.refill()) {
      answer.accept(new Outcome.Failed("no-shadow", "there is no shadow on " + command.host()));
      return;
    }
    begin(primary.get(), host, command, answer);
  }

  /** The same shadow asked for again is joined; anything else in its place is a refusal. */
  private void occupied(Instance there, Command.CreateShadow command, Consumer<Outcome> answer) {
    if (!there.isShadow() || there.state() == Instance.State.STOPPED) {
      answer.accept(
          new Outcome.Failed("occupied", "an instance of the VM is on " + command.host()));
    } else if (isUpToDate(there) && there.mode() == command.mode()) {
      world.hold(there, command.resident());
      answer.accept(DONE);
    } else {
      world.hold(there, command.resident());
      there.mode = command.mode();
      fill(there, answer);
    }
  }

  /** Whether it has a state of the present primary's term. */
  private boolean isUpToDate(Instance shadow) {
    return shadow.replica().complete()
        && shadow.vm().current().filter(now -> now.term() == world.termOf(shadow)).isPresent();
  }

  private void begin(
      Instance primary, WorldHost host, Command.CreateShadow command, Consumer<Outcome> answer) {
    boolean fromStore = !primary.serving();
    if (fromStore && (command.mode() != ShadowMode.COLD || !primary.vm().stored)) {
      answer.accept(
          new Outcome.Failed("no-source", "the primary does not run and no state is stored"));
      return;
    }
    world.paceFor(primary, command.mode(), command.rpo());
    Instance shadow = world.admitShadow(primary, host, command.mode(), command.resident());
    if (fromStore) {
      shadow
          .replica()
          .completed(
              primary.vm().storedTerm, primary.vm().storedEpoch, primary.vm().storedClosedAt);
      world.tell(new Happening.ShadowCompleted(shadow));
      world.review(primary.vm());
      answer.accept(DONE);
      return;
    }
    fill(shadow, answer);
  }

  private void fill(Instance shadow, Consumer<Outcome> answer) {
    world.review(shadow.vm());
    int attempt = ++shadow.fillAttempt;
    long takes = shadow.vm().sync().fill(shadow.mode());
    world.time().afterNanos(takes, () -> filled(shadow, attempt, answer));
  }

  private void filled(Instance shadow, int attempt, Consumer<Outcome> answer) {
    if (shadow.removed || shadow.fillAttempt != attempt || !shadow.isShadow()) {
      answer.accept(new Outcome.Failed("gone", "the shadow was removed while it was filled"));
    } else if (!world.linkStands(shadow) && shadow.replica().complete()) {
      answer.accept(new Outcome.Failed("link-broken", "the link broke while it was filled anew"));
    } else if (!world.linkStands(shadow)) {
      world.removeShadow(shadow, "its link broke while it was filled");
      answer.accept(new Outcome.Failed("link-broken", "the link broke while it was filled"));
    } else {
      if (!isUpToDate(shadow)) {
        world.completeShadow(shadow, shadow.vm().current().orElseThrow());
      }
      answer.accept(DONE);
    }
  }

  void changeMode(Command.ChangeShadowMode command, Consumer<Outcome> answer) {
    onShadow(
        command.vm(),
        command.host(),
        answer,
        shadow -> {
          long takes = shadow.vm().sync().fill(command.mode());
          int attempt = shadow.fillAttempt;
          world.time().afterNanos(takes, () -> changed(shadow, attempt, command.mode(), answer));
        });
  }

  private void changed(Instance shadow, int attempt, ShadowMode mode, Consumer<Outcome> answer) {
    if (shadow.removed || !shadow.isShadow() || shadow.fillAttempt != attempt) {
      answer.accept(new Outcome.Failed("gone", "the shadow is no longer there"));
      return;
    }
    world.keepInStore(shadow);
    shadow.mode = mode;
    world.review(shadow.vm());
    answer.accept(DONE);
  }

  void resize(Command.ResizeShadow command, Consumer<Outcome> answer) {
    onShadow(
        command.vm(),
        command.host(),
        answer,
        shadow -> {
          world.hold(shadow, command.resident());
          answer.accept(DONE);
        });
  }

  void allocate(Command.AllocateShadow command, Consumer<Outcome> answer) {
    onShadow(
        command.vm(),
        command.host(),
        answer,
        shadow -> {
          world.hold(shadow, command.size());
          answer.accept(DONE);
        });
  }

  void delete(Command.DeleteShadow command, Consumer<Outcome> answer) {
    WorldHost host = world.host(command.host());
    Optional<Instance> there = world.vm(command.vm()).flatMap(vm -> vm.on(host));
    boolean isTheVm = there.flatMap(found -> found.vm().current()).equals(there);
    if (there.isPresent() && isTheVm) {
      answer.accept(new Outcome.Failed("in-service", "the books call it the VM"));
    } else if (there.isEmpty() || !there.get().isShadow()) {
      answer.accept(DONE);
    } else if (!world.agentAnswers(host)) {
      silent(answer, host);
    } else {
      world.keepInStore(there.get());
      world.removeShadow(there.get(), "deleted");
      answer.accept(DONE);
    }
  }

  void setInterval(Command.SetEpochInterval command, Consumer<Outcome> answer) {
    Optional<Instance> primary = world.vm(command.vm()).flatMap(WorldVm::current);
    if (primary.isEmpty()) {
      answer.accept(new Outcome.Failed("no-vm", "there is no VM " + command.vm()));
    } else if (!world.agentAnswers(primary.get().host())) {
      silent(answer, primary.get().host());
    } else {
      world.pace(primary.get(), command.interval());
      answer.accept(DONE);
    }
  }

  private void onShadow(VmId vm, HostId at, Consumer<Outcome> answer, Consumer<Instance> work) {
    WorldHost host = world.host(at);
    Optional<Instance> shadow =
        world.vm(vm).flatMap(found -> found.on(host)).filter(Instance::isShadow);
    if (!world.agentAnswers(host)) {
      silent(answer, host);
    } else if (shadow.isEmpty() || shadow.get().state() == Instance.State.STOPPED) {
      answer.accept(new Outcome.Failed("no-shadow", "no shadow of %s on %s".formatted(vm, at)));
    } else {
      work.accept(shadow.get());
    }
  }

  private void silent(Consumer<Outcome> answer, WorldHost host) {
    world
        .time()
        .after(
            world.spec().callTimeout(),
            () -> answer.accept(new Outcome.Unknown("the agent on %s is silent".formatted(host))));
  }
}
