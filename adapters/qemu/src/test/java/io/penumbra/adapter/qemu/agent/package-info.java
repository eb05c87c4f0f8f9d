/** Tests of the agent: its rules with a scripted hypervisor, and the real thing with QEMU. */
@NullMarked
package io.penumbra.adapter.qemu.agent;

import org.jspecify.annotations.NullMarked;
