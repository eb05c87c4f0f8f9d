package io.penumbra.scheduler.failover;

import static io.penumbra.scheduler.failover.SagaSignal.ADMIT_CONFIRM;
import static io.penumbra.scheduler.failover.SagaSignal.ADMIT_FENCE;
import static io.penumbra.scheduler.failover.SagaSignal.ADMIT_MOVE;
import static io.penumbra.scheduler.failover.SagaSignal.CONFIRMED;
import static io.penumbra.scheduler.failover.SagaSignal.EXHAUSTED;
import static io.penumbra.scheduler.failover.SagaSignal.FENCED;
import static io.penumbra.scheduler.failover.SagaSignal.FENCED_SYNCED;
import static io.penumbra.scheduler.failover.SagaSignal.LATE;
import static io.penumbra.scheduler.failover.SagaSignal.NO_TARGET;
import static io.penumbra.scheduler.failover.SagaSignal.OTHER_TARGET;
import static io.penumbra.scheduler.failover.SagaSignal.PRIMARY_ALIVE;
import static io.penumbra.scheduler.failover.SagaSignal.PRIMARY_DIED;
import static io.penumbra.scheduler.failover.SagaSignal.PROOF_VOID;
import static io.penumbra.scheduler.failover.SagaSignal.RETRY;
import static io.penumbra.scheduler.failover.SagaSignal.SYNCED;
import static io.penumbra.scheduler.failover.SagaSignal.SYNCED_UNFENCED;
import static io.penumbra.scheduler.failover.SagaSignal.TARGET_FOUND;
import static io.penumbra.scheduler.failover.SagaSignal.TARGET_LOST;
import static io.penumbra.scheduler.failover.SagaSignal.TARGET_SERVES;
import static io.penumbra.scheduler.failover.SagaSignal.VM_GONE;
import static io.penumbra.scheduler.failover.SagaStep.ACTIVATE;
import static io.penumbra.scheduler.failover.SagaStep.ALLOCATE;
import static io.penumbra.scheduler.failover.SagaStep.CALLED_OFF;
import static io.penumbra.scheduler.failover.SagaStep.CONFIRM;
import static io.penumbra.scheduler.failover.SagaStep.DNS;
import static io.penumbra.scheduler.failover.SagaStep.DROPPED;
import static io.penumbra.scheduler.failover.SagaStep.FENCE;
import static io.penumbra.scheduler.failover.SagaStep.LAST_SYNC;
import static io.penumbra.scheduler.failover.SagaStep.LOAD_BALANCER;
import static io.penumbra.scheduler.failover.SagaStep.QUEUED;
import static io.penumbra.scheduler.failover.SagaStep.REPLACE;
import static io.penumbra.scheduler.failover.SagaStep.REPROTECT;
import static io.penumbra.scheduler.failover.SagaStep.RESUME;
import static io.penumbra.scheduler.failover.SagaStep.RETIRE_PRIMARY;
import static io.penumbra.scheduler.failover.SagaStep.UNDO_ACTIVATE;
import static io.penumbra.scheduler.failover.SagaStep.VERIFY;
import static io.penumbra.scheduler.failover.SagaStep.WATCH;

import io.penumbra.scheduler.lifecycle.TransitionTable;

/**
 * The failover of one VM. The only rows that lead to ACTIVATE carry a fence in their signal's
 * meaning: nothing is promoted on hope.
 */
public final class SagaTable {

  public static final TransitionTable<SagaStep, SagaSignal> TABLE = build();

  private SagaTable() {}

  private static TransitionTable<SagaStep, SagaSignal> build() {
    var table = TransitionTable.of("saga", SagaStep.class, SagaSignal.class);
    forward(table);
    wayOut(table);
    late(table);
    return table.build();
  }

  private static void forward(TransitionTable.Builder<SagaStep, SagaSignal> table) {
    table
        .on(QUEUED, ADMIT_CONFIRM, CONFIRM)
        .on(QUEUED, ADMIT_FENCE, FENCE)
        .on(QUEUED, ADMIT_MOVE, ALLOCATE)
        .on(CONFIRM, CONFIRMED, FENCE)
        .on(FENCE, FENCED, ALLOCATE)
        .on(FENCE, FENCED_SYNCED, ACTIVATE)
        .on(ALLOCATE, SagaSignal.DONE, LAST_SYNC)
        .on(LAST_SYNC, SYNCED, ACTIVATE)
        .on(LAST_SYNC, SYNCED_UNFENCED, FENCE)
        .on(ACTIVATE, SagaSignal.DONE, LOAD_BALANCER)
        .on(LOAD_BALANCER, SagaSignal.DONE, DNS)
        .on(DNS, SagaSignal.DONE, VERIFY)
        .on(VERIFY, SagaSignal.DONE, RETIRE_PRIMARY)
        .on(RETIRE_PRIMARY, SagaSignal.DONE, REPROTECT)
        .on(REPROTECT, SagaSignal.DONE, WATCH)
        .on(WATCH, SagaSignal.DONE, SagaStep.DONE)
        .on(REPLACE, TARGET_FOUND, ALLOCATE)
        .on(UNDO_ACTIVATE, FENCED, ALLOCATE)
        .on(RESUME, SagaSignal.DONE, CALLED_OFF)
        .on(RESUME, TARGET_SERVES, LOAD_BALANCER);
  }

  private static void wayOut(TransitionTable.Builder<SagaStep, SagaSignal> table) {
    table
        .all(PRIMARY_ALIVE, CALLED_OFF, QUEUED, CONFIRM)
        .all(PRIMARY_ALIVE, RESUME, FENCE, ALLOCATE, LAST_SYNC, REPLACE)
        .on(QUEUED, PRIMARY_DIED, QUEUED)
        .all(PRIMARY_DIED, FENCE, CONFIRM, FENCE, ALLOCATE, LAST_SYNC, RESUME)
        .all(PROOF_VOID, FENCE, ALLOCATE, LAST_SYNC)
        .all(OTHER_TARGET, ALLOCATE, ALLOCATE, LAST_SYNC)
        .all(NO_TARGET, REPLACE, ALLOCATE, LAST_SYNC)
        .all(EXHAUSTED, UNDO_ACTIVATE, ACTIVATE)
        .all(TARGET_LOST, UNDO_ACTIVATE, ACTIVATE)
        .on(LOAD_BALANCER, EXHAUSTED, DNS)
        .on(DNS, EXHAUSTED, VERIFY)
        .on(VERIFY, EXHAUSTED, RETIRE_PRIMARY)
        .on(RETIRE_PRIMARY, EXHAUSTED, REPROTECT)
        .on(RESUME, EXHAUSTED, FENCE)
        .all(TARGET_LOST, DROPPED, LOAD_BALANCER, DNS, VERIFY, RETIRE_PRIMARY)
        .all(VM_GONE, DROPPED, QUEUED, CONFIRM, FENCE, ALLOCATE, REPLACE, LAST_SYNC, ACTIVATE)
        .all(VM_GONE, DROPPED, UNDO_ACTIVATE, LOAD_BALANCER, DNS, VERIFY, RETIRE_PRIMARY)
        .on(RESUME, VM_GONE, DROPPED);
  }

  private static void late(TransitionTable.Builder<SagaStep, SagaSignal> table) {
    table
        .ignore(RETRY, CONFIRM, FENCE, ALLOCATE, REPLACE, LAST_SYNC, ACTIVATE, UNDO_ACTIVATE)
        .ignore(RETRY, LOAD_BALANCER, DNS, VERIFY, RETIRE_PRIMARY, RESUME)
        .ignore(LATE, CONFIRM, FENCE, ALLOCATE, REPLACE, LAST_SYNC, ACTIVATE, UNDO_ACTIVATE)
        .ignore(LATE, LOAD_BALANCER, DNS, VERIFY, RETIRE_PRIMARY, RESUME);
  }
}
