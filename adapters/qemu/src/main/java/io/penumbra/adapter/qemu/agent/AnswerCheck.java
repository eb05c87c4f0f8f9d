package io.penumbra.adapter.qemu.agent;

import io.penumbra.adapter.qemu.api.AnswerReport;
import io.penumbra.adapter.qemu.api.VmSpec;
import io.penumbra.sync.epoch.EpochManifest;
import java.time.Duration;
import java.util.Optional;

/**
 * Has a copy of a shadow's epoch answer what the primary is asked: a primary whose memory is not
 * what it was answers something else. The shadow follows meanwhile, and may be promoted.
 */
final class AnswerCheck {

  private static final Duration QUIET_WITHIN = Duration.ofSeconds(10);
  private static final Duration ARRIVES_WITHIN = Duration.ofSeconds(20);
  private static final long LOOK_MILLIS = 5;

  private final Surroundings around;
  private final HostedVm vm;
  private final ShadowSide shadow;

  AnswerCheck(Surroundings around, HostedVm vm, ShadowSide shadow) {
    this.around = around;
    this.vm = vm;
    this.shadow = shadow;
  }

  /**
   * Does it.
   *
   * @param listen how long requests are collected
   */
  AnswerReport run(Duration listen) throws HypervisorException, InterruptedException {
    String port =
        vm.record()
            .spec()
            .service()
            .map(VmSpec.ServiceCheck::port)
            .orElseThrow(
                () -> new HypervisorException("no-service", "nothing says where it is asked"));
    try (ServiceGate.Hearing hearing = around.gate().listen(vm.id(), QUIET_WITHIN)) {
      long began = around.clock().getAsLong();
      EpochManifest epoch = awaitEpoch(hearing.epoch());
      try (Hypervisor.Copy copy = shadow.shadow().copy(epoch.epoch())) {
        long copying = around.clock().getAsLong() - began;
        long left = listen.toNanos() - copying;
        Thread.sleep(Duration.ofNanos(Math.max(0, left)));
        long starts = around.clock().getAsLong();
        var address = copy.run(port);
        long ran = around.clock().getAsLong() - starts;
        return hearing.tell(address).copiedIn((copying + ran) / 1_000_000);
      }
    }
  }

  private EpochManifest awaitEpoch(long label) throws HypervisorException, InterruptedException {
    long until = around.clock().getAsLong() + ARRIVES_WITHIN.toNanos();
    while (around.clock().getAsLong() < until) {
      Optional<CutLabel> newest = shadow.newest();
      if (newest.isPresent() && newest.get().epoch() >= label) {
        return shadow.shadow().kept().stream()
            .filter(kept -> CutLabel.of(kept).filter(of -> of.epoch() == label).isPresent())
            .findFirst()
            .orElseThrow(() ->
                new HypervisorException(
                    "no-epoch", "epoch %d is not kept by this shadow".formatted(label)));
      }
      Thread.sleep(LOOK_MILLIS);
    }
    throw new HypervisorException("no-epoch", "epoch %d has not arrived".formatted(label));
  }
}
