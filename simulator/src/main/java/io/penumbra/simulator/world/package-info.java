/**
 * The ground truth: hosts, agents, guests, network, management controllers, load balancers and name
 * servers as they really are, and the ports through which the control loop sees and changes them,
 * late and sometimes wrong. Nothing here is told what the control loop believes.
 */
@NullMarked
package io.penumbra.simulator.world;

import org.jspecify.annotations.NullMarked;
