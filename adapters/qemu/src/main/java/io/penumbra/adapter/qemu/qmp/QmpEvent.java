package io.penumbra.adapter.qemu.qmp;

import com.fasterxml.jackson.databind.JsonNode;

/** Something that happened in a QEMU, for example {@code STOP} or {@code MIGRATION}. */
public record QmpEvent(String name, JsonNode data) {}
