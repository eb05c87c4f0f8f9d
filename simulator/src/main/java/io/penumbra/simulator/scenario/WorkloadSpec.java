package io.penumbra.simulator.scenario;

import io.penumbra.simulator.chance.Setting;
import java.nio.file.Path;
import java.util.Optional;

/** Where VMs come from: a trace when {@code arrivals} is given, else the generator. */
public record WorkloadSpec(
    @Setting("VM arrivals in the Azure V1 flavour-trace format, plain or .gz")
        Optional<Path> arrivals,
    @Setting(
            "durations that go with the arrivals (name.cSECONDS.txt), plain or .gz; when absent, lifetimes are drawn")
        Optional<Path> durations,
    @Setting(
            "end of each duration bin (seconds, bin), plain or .gz; must be given with durations, or lie beside them")
        Optional<Path> intervals,
    @Setting("flavour letters with vCPU and memory; when absent, the Azure V1 flavours")
        Optional<Path> flavors,
    @Setting("how many VMs at most; a longer trace is thinned by whole tenant batches; 0 takes all")
        int vms,
    @Setting(
            "stretch or press the trace's arrival times to span the run; lifetimes stay as they are")
        boolean fit,
    @Setting("local disk in GiB per vCPU; the trace says nothing of disks") long diskGibPerVcpu,
    @Setting("what is drawn when no trace is given, and lifetimes when no durations are given")
        ArrivalLaws generator) {

  public static final WorkloadSpec DEFAULT =
      new WorkloadSpec(
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          2_000,
          true,
          16,
          ArrivalLaws.DEFAULT);

  public WorkloadSpec {
    Require.between("vms", vms, 0, 50_000_000);
    Require.between("diskGibPerVcpu", diskGibPerVcpu, 0, 1_000_000);
    if (durations.isPresent() && arrivals.isEmpty()) {
      throw new IllegalArgumentException(
          "durations is given without arrivals; maybe arrivals is missing");
    }
  }

  /** Nothing but this many VMs over this span, for tests and demos. */
  public WorkloadSpec withVms(int count) {
    return new WorkloadSpec(
        arrivals, durations, intervals, flavors, count, fit, diskGibPerVcpu, generator);
  }
}
