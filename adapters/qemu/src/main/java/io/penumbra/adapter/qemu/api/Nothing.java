package io.penumbra.adapter.qemu.api;

/** A body that says no more than that it is there. */
public record Nothing() {}
