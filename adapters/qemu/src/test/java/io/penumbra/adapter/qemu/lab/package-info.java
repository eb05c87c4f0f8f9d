/** A real guest for tests, and a client that asks its Redis. */
@NullMarked
package io.penumbra.adapter.qemu.lab;

import org.jspecify.annotations.NullMarked;
