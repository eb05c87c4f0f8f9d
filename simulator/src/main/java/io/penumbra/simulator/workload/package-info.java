/**
 * Which VMs arrive when, how large they are and how long they stay: from a trace or drawn from laws
 * fitted to one.
 */
@NullMarked
package io.penumbra.simulator.workload;

import org.jspecify.annotations.NullMarked;
