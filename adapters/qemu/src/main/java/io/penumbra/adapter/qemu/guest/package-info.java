/**
 * One guest in one QEMU process: what it is made of, how it is started, found again after the agent
 * has died, asked how it is, and ended. A guest outlives the agent that started it.
 */
@NullMarked
package io.penumbra.adapter.qemu.guest;

import org.jspecify.annotations.NullMarked;
