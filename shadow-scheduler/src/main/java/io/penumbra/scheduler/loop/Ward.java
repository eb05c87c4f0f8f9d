package io.penumbra.scheduler.loop;

import io.penumbra.domain.FlavorId;
import io.penumbra.domain.HostId;
import io.penumbra.domain.ProjectId;
import io.penumbra.domain.Resources;
import io.penumbra.domain.SagaId;
import io.penumbra.domain.Vm;
import io.penumbra.domain.VmId;
import io.penumbra.domain.policy.CommitMode;
import io.penumbra.domain.policy.Diversity;
import io.penumbra.domain.policy.EffectivePolicy;
import io.penumbra.domain.policy.ProtectionPolicy;
import io.penumbra.domain.policy.RiskThresholds;
import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.scheduler.lifecycle.ShadowState;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/** What the loop knows of one VM that it looks after. Mutable; owned by the loop. */
final class Ward {
  Vm vm;
  HostId host;
  boolean claimed;
  boolean deleted;
  Optional<SagaId> saga = Optional.empty();

  /** Shadows in host order, those that are going included; those that are gone are not. */
  final List<Shadow> shadows = new ArrayList<>(2);

  /** The highest acked epoch heard of, per shadow host. */
  final SortedMap<HostId, Long> acked = new TreeMap<>();

  int shortAttempts;

  /** When a missing shadow is tried again; no earlier, so that nothing spins. */
  Instant shortUntil = Instant.MIN;

  /** When a move of a living primary may be tried again after one was called off. */
  Instant moveNotBefore = Instant.MIN;

  /** Risk is up: the shadows are grown and kept fresher. */
  boolean heightened;

  /** Its host's risk is such that moving pays. */
  boolean moveWanted;

  /** It has just come to its host by a failover; what holds there is still to be applied. */
  boolean arrived;

  /** There is nothing of it where it was thought to be: the cloud's next report is believed. */
  boolean lostTrack;

  /** The incident for which a person was told that nothing can take over. */
  String lossToldFor = "";

  Ward(Vm vm, HostId host) {
    this.vm = vm;
    this.host = host;
  }

  /** What is left of a VM that nobody knows any more: it is there to be cleared away. */
  static Ward remains(VmId vm, HostId host, Resources taken) {
    ProtectionPolicy none =
        new ProtectionPolicy(
            ShadowMode.NONE,
            0,
            Duration.ZERO,
            Duration.ZERO,
            Diversity.HOST_ONLY,
            CommitMode.ASYNC,
            new RiskThresholds(1, 1),
            0);
    Vm unknown =
        new Vm(
            vm,
            ProjectId.of("unknown"),
            FlavorId.of("unknown"),
            taken,
            new TreeMap<>(),
            List.of(),
            new EffectivePolicy(none, "nobody knows this VM any more"));
    Ward ward = new Ward(unknown, host);
    ward.deleted = true;
    return ward;
  }

  VmId id() {
    return vm.id();
  }

  ProtectionPolicy policy() {
    return vm.policy().policy();
  }

  Optional<Shadow> shadowOn(HostId on) {
    for (Shadow shadow : shadows) {
      if (shadow.host.equals(on)) {
        return Optional.of(shadow);
      }
    }
    return Optional.empty();
  }

  /** A shadow that is there and not about to go. */
  Optional<Shadow> standingOn(HostId on) {
    return shadowOn(on).filter(shadow -> shadow.state != ShadowState.DELETING);
  }

  void add(Shadow shadow) {
    int at = 0;
    while (at < shadows.size() && shadows.get(at).host.compareTo(shadow.host) < 0) {
      at++;
    }
    shadows.add(at, shadow);
  }

  @Override
  public String toString() {
    return "%s on %s with %s".formatted(id(), host, shadows);
  }
}
