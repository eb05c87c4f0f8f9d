/**
 * The agent on one host: starts and adopts guests, keeps shadows current, serves under leases,
 * carries out the controller's commands once, and says how the host is. One process per host; it
 * may be killed at any moment, and what it must remember is in files under its directory.
 */
@NullMarked
package io.penumbra.adapter.qemu.agent;

import org.jspecify.annotations.NullMarked;
