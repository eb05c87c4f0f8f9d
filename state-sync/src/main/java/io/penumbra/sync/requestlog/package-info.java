/**
 * What clients asked a VM for since its last acked epoch, so that a shadow that takes over can be
 * told again; and what the VM answered, so that no client sees an answer that could still be lost.
 * A gateway in front of the VM owns one log per VM and does the I/O.
 */
@NullMarked
package io.penumbra.sync.requestlog;

import org.jspecify.annotations.NullMarked;
