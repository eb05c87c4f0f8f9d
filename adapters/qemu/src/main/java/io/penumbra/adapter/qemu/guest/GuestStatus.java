package io.penumbra.adapter.qemu.guest;

import com.fasterxml.jackson.databind.JsonNode;

/**
 * How a guest is at the moment.
 *
 * @param qemuState QEMU's own word for it (RunState in QAPI)
 */
public record GuestStatus(Phase phase, String qemuState) {

  /** In one word. */
  public enum Phase {
    /** It runs. */
    RUNNING,
    /** It stands still and can go on. */
    PAUSED,
    /** It has not begun: it waits for the state of another. */
    WAITING,
    /** It has shut down, crashed or lost a disk; it can't go on as it is. */
    BROKEN
  }

  /** Reads the answer to {@code query-status}. */
  public static GuestStatus read(JsonNode answer) {
    return of(answer.path("status").asText());
  }

  static GuestStatus of(String qemuState) {
    Phase phase =
        switch (qemuState) {
          case "running" -> Phase.RUNNING;
          case "inmigrate" -> Phase.WAITING;
          case "paused",
              "postmigrate",
              "prelaunch",
              "save-vm",
              "finish-migrate",
              "suspended",
              "restore-vm",
              "debug",
              "colo" ->
              Phase.PAUSED;
          default -> Phase.BROKEN;
        };
    return new GuestStatus(phase, qemuState);
  }
}
