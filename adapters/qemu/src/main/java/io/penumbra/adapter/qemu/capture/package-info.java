/**
 * One consistent cut of a running guest: memory, devices and disks at one moment, with the guest
 * standing still for as short as possible.
 */
@NullMarked
package io.penumbra.adapter.qemu.capture;

import org.jspecify.annotations.NullMarked;
