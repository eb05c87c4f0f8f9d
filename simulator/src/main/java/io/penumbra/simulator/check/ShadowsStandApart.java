package io.penumbra.simulator.check;

import io.penumbra.domain.fleet.DomainKind;
import io.penumbra.domain.fleet.HardwareAspect;
import io.penumbra.domain.fleet.Host;
import io.penumbra.domain.policy.Diversity;
import io.penumbra.simulator.world.Happening;
import io.penumbra.simulator.world.Instance;
import io.penumbra.simulator.world.World;
import io.penumbra.simulator.world.WorldObserver;
import java.time.Duration;
import java.util.Optional;

/**
 * Never 2: a shadow shares a failure domain with its primary that its policy says must differ.
 * Judged when a shadow is created. A promotion or a changed policy can make a standing shadow
 * wrong; the liveness phase asks that it is gone in the end.
 */
public final class ShadowsStandApart implements WorldObserver, Checker {

  private static final Duration NEW_POLICY = Duration.ofMinutes(10);

  private final World world;
  private final Breaches breaches;

  public ShadowsStandApart(World world, Breaches breaches) {
    this.world = world;
    this.breaches = breaches;
  }

  @Override
  public void happened(Happening happening) {
    if (happening instanceof Happening.ShadowAdmitted(Instance shadow, Instance primary)
        && world.now() - shadow.vm().policyChangedAt() > NEW_POLICY.toNanos()) {
      shared(shadow, primary)
          .ifPresent(what ->
              breaches.report(
                  2,
                  "the shadow of VM %s on %s shares %s with its primary on %s"
                      .formatted(shadow.vm(), shadow.host(), what, primary.host())));
    }
  }

  /** What a shadow has in common with its primary that its policy says must differ. */
  public static Optional<String> shared(Instance shadow, Instance primary) {
    Diversity diversity = shadow.vm().vm().policy().policy().diversity();
    Host a = shadow.host().host();
    Host b = primary.host().host();
    for (DomainKind kind : diversity.domains()) {
      if (kind.of(a).equals(kind.of(b))) {
        return Optional.of(kind + " " + kind.of(a));
      }
    }
    for (HardwareAspect aspect : diversity.hardware()) {
      if (aspect.of(a.hardware()).equals(aspect.of(b.hardware()))) {
        return Optional.of(aspect + " " + aspect.of(a.hardware()));
      }
    }
    return Optional.empty();
  }
}
