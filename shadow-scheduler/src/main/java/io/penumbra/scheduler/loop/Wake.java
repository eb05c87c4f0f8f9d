package io.penumbra.scheduler.loop;

import io.penumbra.domain.CommandId;
import io.penumbra.domain.HostId;
import io.penumbra.domain.SagaId;
import io.penumbra.domain.VmId;
import io.penumbra.scheduler.failover.IncidentState;
import io.penumbra.scheduler.failover.SagaStep;
import java.time.Instant;

/**
 * What a timer reminds the loop of. Timers are never cancelled: each names the attempt it was set
 * for, and means nothing once that is over.
 */
sealed interface Wake {

  /** The attempt of a step has taken too long. */
  record SagaDeadline(SagaId saga, SagaStep step, int attempt) implements Wake {}

  /** The attempt of a step has failed a while ago; time for the next. */
  record SagaRetry(SagaId saga, SagaStep step, int attempt) implements Wake {}

  /** A probe or a request to fence a host has taken too long. */
  record IncidentDeadline(String incident, IncidentState state, int attempt) implements Wake {}

  /** Time to probe or to ask for fencing again. */
  record IncidentRetry(String incident, IncidentState state, int attempt) implements Wake {}

  /** A command to a shadow has taken too long. */
  record ShadowDeadline(VmId vm, HostId host, CommandId command) implements Wake {}

  /** Time to give a command to a shadow again. */
  record ShadowRetry(VmId vm, HostId host, CommandId command) implements Wake {}

  /** Time to look at a VM again: a shadow is missing, or a move was put off. */
  record LookAt(VmId vm) implements Wake {}

  /** A claim has not become a VM in time. */
  record ClaimExpiry(VmId vm, Instant expires) implements Wake {}

  /** The breaker's window has moved on. */
  record BreakerRelease(Instant at) implements Wake {}

  /** Time to look whether a watched host can go back into service. */
  record WatchCheck(HostId host, Instant since) implements Wake {}

  /** A host has been calm for long enough, unless it was not. */
  record CalmCheck(HostId host, Instant calmSince) implements Wake {}

  /** Time to look whether a host can keep what it has promised to its shadows. */
  record ReserveCheck(HostId host) implements Wake {}

  /** Time to read the whole cloud again. */
  record Reconcile() implements Wake {}

  /** The same once more, and before its time: something that was read is in doubt. */
  record LookAgain() implements Wake {}
}
