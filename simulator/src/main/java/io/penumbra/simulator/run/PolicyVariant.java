package io.penumbra.simulator.run;

import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.simulator.report.PolicyResult.Kind;
import io.penumbra.simulator.scenario.PolicyMix;

/** One way to deal with hosts that die, as it stands in the comparison. */
public enum PolicyVariant {
  NONE(
      "none",
      "a VM waits until its host is repaired, then boots there",
      Kind.BASELINE,
      ShadowMode.NONE),
  RESTART_ELSEWHERE(
      "restart elsewhere",
      "as vSphere HA: a host that is silent for some seconds has its VMs booted on others",
      Kind.BASELINE,
      ShadowMode.NONE),
  EVACUATE(
      "evacuate",
      "as Masakari: a host that is silent for three minutes has its VMs rebuilt on others",
      Kind.BASELINE,
      ShadowMode.NONE),
  COLD("cold", "a stored state is restored on another host", Kind.PENUMBRA, ShadowMode.COLD),
  WARM(
      "warm",
      "a prepared instance with its memory in place takes over",
      Kind.PENUMBRA,
      ShadowMode.WARM),
  WARM_PREDICTIVE(
      "warm + predictive",
      "as warm, and VMs are moved ahead of a failure that the risk model announces",
      Kind.PENUMBRA,
      ShadowMode.WARM),
  AS_CONFIGURED(
      "as configured", "every VM as the scenario's policies say", Kind.PENUMBRA, ShadowMode.NONE),
  CLAIRVOYANT(
      "clairvoyant",
      "knows every failure and moves each VM away just before it, when there is room",
      Kind.BOUND,
      ShadowMode.NONE);

  private final String title;
  private final String description;
  private final Kind kind;
  private final ShadowMode mode;

  PolicyVariant(String title, String description, Kind kind, ShadowMode mode) {
    this.title = title;
    this.description = description;
    this.kind = kind;
    this.mode = mode;
  }

  /** Its name in tables. */
  public String title() {
    return title;
  }

  /** One sentence: what it does when a host dies. */
  public String description() {
    return description;
  }

  public Kind kind() {
    return kind;
  }

  /** Whether the production control loop runs. */
  public boolean usesControlLoop() {
    return kind == Kind.PENUMBRA;
  }

  /** How VMs are protected under it. */
  public PolicyMix policies(PolicyMix configured) {
    return this == AS_CONFIGURED ? configured : configured.all(mode);
  }
}
