package io.penumbra.adapter.openstack;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penumbra.adapter.openstack.api.Answer;
import io.penumbra.adapter.openstack.api.Cinder;
import io.penumbra.adapter.openstack.api.Rest;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;

/**
 * Snapshots of volumes that the state of a server is made of when it boots from one. Of such a
 * server Nova's {@code createImage} makes an image of no bytes, whose {@code block_device_mapping}
 * names a snapshot of each of its volumes.
 *
 * <p>Deleting that image leaves the snapshots: so they go first, and as long as one is left the
 * image stays and says so.
 */
final class StateVolumes {

  /** Cinder may take long; who deletes waits no longer than this and comes again. */
  private static final Duration GONE_WITHIN = Duration.ofSeconds(5);

  private static final Duration LOOK_EVERY = Duration.ofMillis(500);
  private static final ObjectMapper JSON = new JsonMapper();

  /** What is said of a device in the image and is said again to whoever makes a server of it. */
  private static final List<String> KEPT =
      List.of("device_name", "disk_bus", "device_type", "volume_size", "tag", "volume_type");

  private final Cinder cinder;
  private final InstantSource clock;

  StateVolumes(Cinder cinder, InstantSource clock) {
    this.cinder = cinder;
    this.clock = clock;
  }

  /**
   * One volume of a state.
   *
   * @param stays whether its owner keeps the volume when the server is deleted
   */
  record Part(String snapshot, int bootIndex, boolean stays, JsonNode device) {

    String name() {
      return device.path("device_name").asText("");
    }

    /** For a server whose volumes go with it, as those of a shadow do. */
    ObjectNode forShadow() {
      ObjectNode made = Rest.object();
      made.put("uuid", snapshot);
      made.put("source_type", "snapshot");
      made.put("destination_type", "volume");
      made.put("boot_index", bootIndex);
      made.put("delete_on_termination", true);
      for (String key : KEPT) {
        if (device.hasNonNull(key)) {
          made.set(key, device.get(key));
        }
      }
      return made;
    }
  }

  /** How far a state's snapshots are. */
  enum Progress {
    WHOLE,
    UNDER_WAY,
    BROKEN
  }

  /** The volumes of a state, the one that it boots from first; none if it is an image. */
  static List<Part> of(JsonNode image) {
    List<Part> found = new ArrayList<>();
    for (JsonNode device : mapping(image.path("block_device_mapping"))) {
      String snapshot = device.path("snapshot_id").asText("");
      if (device.path("source_type").asText("").equals("snapshot") && !snapshot.isEmpty()) {
        found.add(
            new Part(
                snapshot,
                device.path("boot_index").asInt(-1),
                !device.path("delete_on_termination").asBoolean(false),
                device));
      }
    }
    return List.copyOf(found);
  }

  /** Whether a server can be started from them; otherwise the image itself is what it boots. */
  static boolean areBootable(List<Part> parts) {
    return parts.stream().anyMatch(part -> part.bootIndex() == 0);
  }

  /** Glance keeps texts only. */
  private static JsonNode mapping(JsonNode told) {
    try {
      return told.isTextual() ? JSON.readTree(told.asText()) : told;
    } catch (JsonProcessingException e) {
      return Rest.object(); // somebody else wrote it
    }
  }

  /** A server can be made of them when Cinder calls each of them available. */
  Progress progress(List<Part> parts) throws InterruptedException {
    Progress all = Progress.WHOLE;
    for (Part part : parts) {
      switch (status(part)) {
        case "available" -> {}
        case "creating", "unmanaging", "backing-up", "" -> all = Progress.UNDER_WAY;
        default -> {
          return Progress.BROKEN;
        }
      }
    }
    return all;
  }

  /** Cinder's word; {@code absent} when it knows of none, empty when it says nothing. */
  private String status(Part part) throws InterruptedException {
    if (!cinder.isThere()) {
      return "absent";
    }
    return switch (cinder.snapshot(part.snapshot())) {
      case Answer.Ok ok -> ok.body().path("snapshot").path("status").asText("");
      case Answer.Refused refused when refused.isAbsent() -> "absent";
      case Answer.Refused refused -> "refused";
      case Answer.Broken broken -> "";
    };
  }

  /** Deletes them, and waits a little; whether all are gone. */
  boolean delete(List<Part> parts) throws InterruptedException {
    List<Part> left = new ArrayList<>();
    for (Part part : parts) {
      Answer answer = cinder.deleteSnapshot(part.snapshot());
      if (!(answer instanceof Answer.Refused refused && refused.isAbsent())) {
        left.add(part);
      }
    }
    Instant until = clock.instant().plus(GONE_WITHIN);
    while (true) {
      left = stillThere(left);
      if (left.isEmpty() || !clock.instant().isBefore(until)) {
        return left.isEmpty();
      }
      Thread.sleep(LOOK_EVERY);
    }
  }

  private List<Part> stillThere(List<Part> parts) throws InterruptedException {
    List<Part> there = new ArrayList<>();
    for (Part part : parts) {
      if (!status(part).equals("absent")) {
        there.add(part);
      }
    }
    return there;
  }
}
