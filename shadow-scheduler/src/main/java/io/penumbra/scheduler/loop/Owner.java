package io.penumbra.scheduler.loop;

import io.penumbra.domain.HostId;
import io.penumbra.domain.SagaId;
import io.penumbra.domain.VmId;
import io.penumbra.scheduler.failover.IncidentState;
import io.penumbra.scheduler.failover.SagaStep;

/** Who waits for the outcome of a command. */
sealed interface Owner {

  /** A step of a saga. */
  record OfSaga(SagaId saga, SagaStep step, int attempt, Part part) implements Owner {}

  /** Which of a step's commands it is, for steps that give several at once. */
  sealed interface Part {}

  /** The one command of its step. */
  record Whole() implements Part {}

  /** Asks one shadow's agent to let the lease of the primary run out. */
  record Lease(HostId shadow) implements Part {}

  /** Stops the one instance. */
  record Instance() implements Part {}

  /** A probe, or a request to fence a host. */
  record OfIncident(String incident, IncidentState state, int attempt) implements Owner {}

  /** A command to a shadow. */
  record OfShadow(VmId vm, HostId host) implements Owner {}

  /** Puts a host into quarantine or takes it out. */
  record OfQuarantine(HostId host, boolean quarantined) implements Owner {}

  /** Sends clients after a VM that was found elsewhere. */
  record OfTraffic(VmId vm, HostId host, boolean loadBalancer) implements Owner {}

  /** Removes an old primary that could not be removed earlier. */
  record OfRetirement(HostId host, VmId vm) implements Owner {}
}
