/**
 * The controller's side of the agents: takes their heartbeats, keeps the books about who is where,
 * decides who keeps a lease, and has commands carried out by the agents concerned.
 */
@NullMarked
package io.penumbra.adapter.qemu.cloud;

import org.jspecify.annotations.NullMarked;
