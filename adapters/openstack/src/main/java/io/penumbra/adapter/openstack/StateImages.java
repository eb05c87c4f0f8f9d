package io.penumbra.adapter.openstack;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penumbra.adapter.openstack.api.Answer;
import io.penumbra.adapter.openstack.api.Nova;
import io.penumbra.adapter.openstack.api.Rest;
import io.penumbra.adapter.openstack.api.Session;
import io.penumbra.domain.VmId;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.Optional;

/** Images that shadows start from: each is one state of a VM, with a number and a term. */
final class StateImages {

  private static final System.Logger LOG = System.getLogger(StateImages.class.getName());
  private static final Duration LOOK_EVERY = Duration.ofSeconds(1);

  private final OpenStackSettings settings;
  private final Session session;
  private final Nova nova;
  private final Books books;
  private final InstantSource clock;

  /** A state that is in an image. */
  record Cut(String image, long term, long epoch, Instant at) {}

  StateImages(
      OpenStackSettings settings, Session session, Nova nova, Books books, InstantSource clock) {
    this.settings = settings;
    this.session = session;
    this.nova = nova;
    this.books = books;
    this.clock = clock;
  }

  /** Whether states are those of running primaries, and not what they were made from. */
  boolean areOfPrimaries() {
    return settings.coldSource() == OpenStackSettings.ColdSource.SNAPSHOT;
  }

  /**
   * The state of a primary: cut now if its host answers, else the newest that was cut.
   *
   * @param reachable whether its host answers
   */
  Cut cut(ServerRecord primary, boolean reachable) throws InterruptedException, Refusal {
    long term = primary.number(Mark.TERM);
    if (!areOfPrimaries()) {
      if (primary.image().isEmpty()) {
        throw Refusal.failed("no-image", "it boots from a volume; its state has to be snapshots");
      }
      return new Cut(primary.image(), term, 0, primary.created());
    }
    return reachable ? snapshot(primary, term) : newest(primary.vmId(), term);
  }

  private Cut newest(VmId vm, long term) throws Refusal {
    Optional<ServerRecord> shadow =
        books.shadows(vm).stream()
            .filter(known -> known.number(Mark.TERM) == term && known.mark(Mark.IMAGE).isPresent())
            .max(Comparator.comparingLong(known -> known.number(Mark.EPOCH)));
    return shadow
        .map(known ->
            new Cut(
                known.mark(Mark.IMAGE).orElseThrow(),
                term,
                known.number(Mark.EPOCH),
                ServerReader.instant(known.mark(Mark.CUT).orElse(""))))
        .orElseThrow(() ->
            Refusal.failed(
                "no-source", "the primary does not answer and no state of it is stored"));
  }

  private Cut snapshot(ServerRecord primary, long term) throws InterruptedException, Refusal {
    long epoch =
        1
            + books.all(primary.vmId()).stream()
                .mapToLong(server -> server.number(Mark.EPOCH))
                .max()
                .orElse(0);
    Instant at = clock.instant();
    ObjectNode body = Rest.object();
    ObjectNode order = body.putObject("createImage");
    order.put("name", "penumbra-%s-%d-%d".formatted(primary.vmId(), term, epoch));
    order.putObject("metadata").put(Mark.SHADOW_OF.key(), primary.vmId().value());
    Answer answer = nova.act(primary.id(), body);
    if (!(answer instanceof Answer.Ok ok)) {
      throw Refusal.of("snapshot of server " + primary.id(), answer);
    }
    String image = ok.body().path("image_id").asText("");
    if (image.isEmpty()) {
      throw Refusal.unknown("Nova does not say into which image it takes the snapshot");
    }
    awaitActive(image);
    return new Cut(image, term, epoch, at);
  }

  private void awaitActive(String image) throws InterruptedException, Refusal {
    Instant until = clock.instant().plus(settings.serverWithin());
    String status = "";
    while (clock.instant().isBefore(until)) {
      Answer answer = nova.image(image);
      status =
          answer instanceof Answer.Ok ok ? ok.body().path("status").asText() : answer.toString();
      if (status.equals("active")) {
        return;
      }
      if (status.equals("killed") || status.equals("deleted")) {
        break;
      }
      Thread.sleep(LOOK_EVERY);
    }
    nova.deleteImage(image);
    throw Refusal.failed("no-image", "snapshot %s became %s, not active".formatted(image, status));
  }

  /** Removes a state that no other shadow has. */
  void dropUnused(ServerRecord gone) throws InterruptedException {
    Optional<String> image = gone.mark(Mark.IMAGE);
    boolean isOurs = areOfPrimaries() && image.isPresent() && session.has("image");
    boolean used =
        books.all(gone.vmId()).stream()
            .filter(other -> !other.id().equals(gone.id()))
            .anyMatch(other -> other.mark(Mark.IMAGE).equals(image));
    if (isOurs && !used && !ServerWork.isOk(nova.deleteImage(image.orElseThrow()))) {
      LOG.log(Level.INFO, "image {0} could not be deleted; nobody needs it", image.orElseThrow());
    }
  }
}
