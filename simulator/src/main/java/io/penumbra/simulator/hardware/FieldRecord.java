package io.penumbra.simulator.hardware;

import io.penumbra.simulator.scenario.FailureCause;
import java.time.LocalDateTime;
import java.time.YearMonth;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * One failure as an operator recorded it.
 *
 * @param system number of the system the node belongs to
 * @param nodes how many nodes the system has, failed or not; 0 when it is not recorded
 * @param processorsPerNode 0 when it is not recorded
 * @param node number of the node within its system, from 0; empty when it is not recorded
 * @param production when the node went into production; empty when that was before records began
 * @param decommissioned when it was taken away; empty while it is in use
 * @param started when the problem began
 * @param fixed when it was fixed
 * @param downMinutes the recorded down time
 * @param facilities whether building, power or cooling is to blame, and not the node
 * @param cause the blamed cause
 */
public record FieldRecord(
    int system,
    int nodes,
    int processorsPerNode,
    OptionalInt node,
    Optional<YearMonth> production,
    Optional<YearMonth> decommissioned,
    LocalDateTime started,
    LocalDateTime fixed,
    double downMinutes,
    boolean facilities,
    FailureCause cause) {}
