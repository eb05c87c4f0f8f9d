/** Tests of the controller's side, with agents in the same process. */
@NullMarked
package io.penumbra.adapter.qemu.cloud;

import org.jspecify.annotations.NullMarked;
