package io.penumbra.scheduler.failover;

import static io.penumbra.scheduler.failover.IncidentSignal.ADMITTED;
import static io.penumbra.scheduler.failover.IncidentSignal.LATE;
import static io.penumbra.scheduler.failover.IncidentSignal.PROBED_ALIVE;
import static io.penumbra.scheduler.failover.IncidentSignal.PROBED_UNDECIDED;
import static io.penumbra.scheduler.failover.IncidentSignal.PROBED_UNREACHABLE;
import static io.penumbra.scheduler.failover.IncidentSignal.RECHECK;
import static io.penumbra.scheduler.failover.IncidentSignal.RETRY;
import static io.penumbra.scheduler.failover.IncidentSignal.RETURNED;
import static io.penumbra.scheduler.failover.IncidentSignal.SUSPECTED;
import static io.penumbra.scheduler.failover.IncidentSignal.TRUSTED;
import static io.penumbra.scheduler.failover.IncidentState.CLOSED;
import static io.penumbra.scheduler.failover.IncidentState.CONFIRMING;
import static io.penumbra.scheduler.failover.IncidentState.DOUBTFUL;
import static io.penumbra.scheduler.failover.IncidentState.FENCED;
import static io.penumbra.scheduler.failover.IncidentState.FENCING;
import static io.penumbra.scheduler.failover.IncidentState.HELD;
import static io.penumbra.scheduler.failover.IncidentState.REACHED;

import io.penumbra.scheduler.lifecycle.TransitionTable;

/** The trouble with one host. One slow observer cannot lead to FENCING: only a probe can. */
public final class IncidentTable {

  public static final TransitionTable<IncidentState, IncidentSignal> TABLE =
      TransitionTable.of("incident", IncidentState.class, IncidentSignal.class)
          .on(CONFIRMING, PROBED_ALIVE, REACHED)
          .on(CONFIRMING, PROBED_UNREACHABLE, HELD)
          .on(CONFIRMING, PROBED_UNDECIDED, DOUBTFUL)
          .all(RECHECK, CONFIRMING, DOUBTFUL, REACHED, HELD)
          .on(HELD, ADMITTED, FENCING)
          .on(FENCING, IncidentSignal.FENCED, FENCED)
          .all(TRUSTED, CLOSED, CONFIRMING, DOUBTFUL, REACHED, HELD, FENCING, FENCED)
          .all(RETURNED, CLOSED, REACHED, HELD, FENCING, FENCED)
          .ignore(RETRY, FENCING)
          .ignore(SUSPECTED, CONFIRMING, DOUBTFUL, REACHED, HELD, FENCING, FENCED)
          .ignore(LATE, CONFIRMING, DOUBTFUL, REACHED, HELD, FENCING, FENCED)
          .build();

  private IncidentTable() {}
}
