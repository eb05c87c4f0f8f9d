package io.penumbra.placement.fleet;

import io.penumbra.domain.Resources;
import io.penumbra.domain.RiskScore;
import io.penumbra.domain.fleet.DomainKind;
import io.penumbra.domain.fleet.HardwareAspect;
import io.penumbra.domain.fleet.Host;
import io.penumbra.domain.fleet.HostCondition;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A host's view onto its slot of the columns. */
final class LiveHost implements HostView {

  private final HostColumns columns;
  private final int slot;
  private final Host host;
  HostCondition condition = HostCondition.UP;
  @Nullable RiskScore risk;

  LiveHost(HostColumns columns, int slot, Host host) {
    this.columns = columns;
    this.slot = slot;
    this.host = host;
  }

  int slot() {
    return slot;
  }

  @Override
  public Host host() {
    return host;
  }

  @Override
  public HostCondition condition() {
    return condition;
  }

  @Override
  public Optional<RiskScore> risk() {
    return Optional.ofNullable(risk);
  }

  @Override
  public double riskOr(double unknown) {
    RiskScore known = risk;
    return known == null ? unknown : known.probability();
  }

  @Override
  public Resources effectiveCapacity() {
    return new Resources(capacityVcpus(), capacityMemoryMib(), capacityDiskGib());
  }

  @Override
  public Resources allocated() {
    return new Resources(
        columns.allocatedVcpus[slot],
        columns.allocatedMemoryMib[slot],
        columns.allocatedDiskGib[slot]);
  }

  @Override
  public Resources reserved() {
    return new Resources(
        Math.min(columns.neededVcpus(slot), columns.roomVcpus(slot)),
        Math.min(columns.neededMemoryMib(slot), columns.roomMemoryMib(slot)),
        Math.min(columns.neededDiskGib(slot), columns.roomDiskGib(slot)));
  }

  @Override
  public Resources reserveShortfall() {
    return new Resources(
        Math.max(0, columns.neededVcpus(slot) - columns.roomVcpus(slot)),
        Math.max(0, columns.neededMemoryMib(slot) - columns.roomMemoryMib(slot)),
        Math.max(0, columns.neededDiskGib(slot) - columns.roomDiskGib(slot)));
  }

  @Override
  public Resources free() {
    return new Resources(freeVcpus(), freeMemoryMib(), freeDiskGib());
  }

  @Override
  public int primaries() {
    return columns.primaries[slot];
  }

  @Override
  public int shadows() {
    return columns.shadows[slot];
  }

  @Override
  public int freeVcpus() {
    return columns.freeVcpus(slot);
  }

  @Override
  public long freeMemoryMib() {
    return columns.freeMemoryMib(slot);
  }

  @Override
  public long freeDiskGib() {
    return columns.freeDiskGib(slot);
  }

  @Override
  public int capacityVcpus() {
    return columns.capacityVcpus[slot];
  }

  @Override
  public long capacityMemoryMib() {
    return columns.capacityMemoryMib[slot];
  }

  @Override
  public long capacityDiskGib() {
    return columns.capacityDiskGib[slot];
  }

  @Override
  public double rackFreeShare() {
    int rack = columns.rack(slot);
    return (double) columns.rackFreeMib[rack] / Math.max(1, columns.rackCapacityMib[rack]);
  }

  @Override
  public int reserveGrowthVcpus(HostView primary, int reserve) {
    int missing = Math.max(0, columns.neededVcpus(slot) - columns.roomVcpus(slot));
    return missing
        + columns.ledgerView(slot).growthVcpus(columns.reserveInstances[slotOf(primary)], reserve);
  }

  @Override
  public long reserveGrowthMemoryMib(HostView primary, long reserve) {
    long missing = Math.max(0, columns.neededMemoryMib(slot) - columns.roomMemoryMib(slot));
    return missing
        + columns
            .ledgerView(slot)
            .growthMemoryMib(columns.reserveInstances[slotOf(primary)], reserve);
  }

  @Override
  public long reserveGrowthDiskGib(HostView primary, long reserve) {
    long missing = Math.max(0, columns.neededDiskGib(slot) - columns.roomDiskGib(slot));
    return missing
        + columns
            .ledgerView(slot)
            .growthDiskGib(columns.reserveInstances[slotOf(primary)], reserve);
  }

  @Override
  public boolean sharesDomain(HostView other, DomainKind kind) {
    return columns.domainOf(slot, kind) == columns.domainOf(slotOf(other), kind);
  }

  @Override
  public boolean sharesHardware(HostView other, HardwareAspect aspect) {
    return columns.aspectOf(slot, aspect) == columns.aspectOf(slotOf(other), aspect);
  }

  @Override
  public boolean sharesCohort(HostView other) {
    return columns.cohort[slot] == columns.cohort[slotOf(other)];
  }

  @Override
  public boolean hasTrait(String trait) {
    return columns.hasTrait(slot, columns.traitId(trait));
  }

  @Override
  public String toString() {
    return host.id().value();
  }

  private int slotOf(HostView other) {
    if (other instanceof LiveHost live && live.columns == columns) {
      return live.slot;
    }
    throw new IllegalArgumentException(
        "host %s is of another fleet than %s".formatted(other.host().id(), host.id()));
  }
}
