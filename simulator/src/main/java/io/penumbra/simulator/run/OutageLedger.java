package io.penumbra.simulator.run;

import io.penumbra.simulator.report.PolicyResult;
import io.penumbra.simulator.report.Samples;
import java.time.Duration;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;

/**
 * When each VM answered and when it did not; the one place where the columns of the comparison are
 * defined and counted.
 *
 * <ul>
 *   <li><b>VM time</b>: from the moment a VM first answered until its owner took it away or the run
 *       ended.
 *   <li><b>Downtime</b>: the part of it in which clients were not answered: no instance ran, or
 *       they were not sent to the one that did.
 *   <li><b>RTO</b>: one sample per unplanned interruption, from the last moment served to the first
 *       again. One that lasts to the end of the run, or of the VM, counts with what was seen of it.
 *       Pauses of planned moves are downtime, but no RTO sample.
 *   <li><b>RPO</b>: one sample per unplanned interruption: how much of the guest's running time is
 *       not in the state it goes on from. A guest that boots again has lost all since its last
 *       boot.
 *   <li><b>True failover</b>: a VM was moved or promoted elsewhere whose host or guest had in fact
 *       failed; for a planned move, whose old host crashed within the risk horizon after it.
 *   <li><b>False failover</b>: the same for a VM whose host was well and stayed so.
 *   <li><b>Missed</b>: the host of a VM failed under it, and it was not moved: it came back with
 *       its host, or not at all. Each is counted with the reason, see {@link PolicyResult.Miss}.
 * </ul>
 */
public final class OutageLedger {

  private static final long NEVER = Long.MIN_VALUE;

  private final long[] since;
  private final long[] downSince;
  private final boolean[] planned;
  private double vmNanos;
  private double downNanos;
  private double[] rto = new double[256];
  private int rtos;
  private double[] rpo = new double[256];
  private int rpos;
  private long trueOnes;
  private long falseOnes;
  private final Map<PolicyResult.Miss, Long> misses = new EnumMap<>(PolicyResult.Miss.class);
  private long plannedMoves;

  /** A ledger for VMs 0 to {@code vms - 1}. */
  public OutageLedger(int vms) {
    since = new long[vms];
    downSince = new long[vms];
    planned = new boolean[vms];
    Arrays.fill(since, NEVER);
    Arrays.fill(downSince, NEVER);
  }

  /** A VM answers for the first time. */
  public void came(int vm, long now) {
    since[vm] = now;
  }

  public boolean isThere(int vm) {
    return since[vm] != NEVER;
  }

  public boolean isDown(int vm) {
    return downSince[vm] != NEVER;
  }

  /** Clients are no longer answered. */
  public void down(int vm, long now, boolean isPlanned) {
    if (isThere(vm) && !isDown(vm)) {
      downSince[vm] = now;
      planned[vm] = isPlanned;
    }
  }

  /** What began as a planned pause turned into trouble. */
  public void noLongerPlanned(int vm) {
    planned[vm] = false;
  }

  /** Clients are answered again. */
  public void up(int vm, long now) {
    if (isThere(vm) && isDown(vm)) {
      close(vm, now);
    }
  }

  private void close(int vm, long now) {
    double lasted = now - downSince[vm];
    downNanos += lasted;
    if (!planned[vm]) {
      rto = withRoom(rto, rtos);
      rto[rtos++] = lasted / 1e9;
    }
    downSince[vm] = NEVER;
  }

  /** The owner takes a VM away, or the run ends. */
  public void went(int vm, long now) {
    if (isThere(vm)) {
      up(vm, now);
      vmNanos += now - since[vm];
      since[vm] = NEVER;
    }
  }

  /** An unplanned interruption cost that much of the guest's running time. */
  public void lost(long nanos) {
    rpo = withRoom(rpo, rpos);
    rpo[rpos++] = nanos / 1e9;
  }

  public void trueFailover() {
    trueOnes++;
  }

  public void falseFailover() {
    falseOnes++;
  }

  /** No failover saved a VM whose host had failed. */
  public void missedFailover(PolicyResult.Miss why) {
    misses.merge(why, 1L, Long::sum);
  }

  /** A VM was moved while it ran. */
  public void plannedMove() {
    plannedMoves++;
  }

  /** Everybody goes: the run ends. */
  public void end(long now) {
    for (int vm = 0; vm < since.length; vm++) {
      went(vm, now);
    }
  }

  private static double[] withRoom(double[] values, int used) {
    return used < values.length ? values : Arrays.copyOf(values, used * 2);
  }

  /** VM time so far of those that have gone, in days. */
  double vmDays() {
    return vmNanos / 86_400e9;
  }

  /**
   * The row of the comparison.
   *
   * @param recent whether state survives; without, a guest always boots anew
   */
  public PolicyResult result(
      PolicyVariant variant,
      boolean recent,
      double extraCapacityShare,
      double networkGib,
      long placed,
      long refused) {
    return new PolicyResult(
        variant.title(),
        variant.description(),
        variant.kind(),
        Duration.ofSeconds((long) (vmNanos / 1e9)),
        Duration.ofMillis((long) (downNanos / 1e6)),
        Samples.of(Arrays.copyOf(rto, rtos)),
        recent
            ? new PolicyResult.Recent(Samples.of(Arrays.copyOf(rpo, rpos)))
            : new PolicyResult.AllMemorySinceBoot(),
        new PolicyResult.Failovers(trueOnes, falseOnes, misses),
        plannedMoves,
        extraCapacityShare,
        vmNanos == 0 ? 0 : networkGib / vmDays(),
        placed,
        refused);
  }
}
