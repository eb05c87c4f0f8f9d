package io.penumbra.adapter.openstack;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penumbra.adapter.openstack.ServerRecord.Role;
import io.penumbra.adapter.openstack.api.Answer;
import io.penumbra.adapter.openstack.api.Nova;
import io.penumbra.adapter.openstack.api.Rest;
import io.penumbra.adapter.openstack.api.Session;
import io.penumbra.domain.VmId;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Images that shadows start from: each is one state of a VM, with a number and a term. */
final class StateImages {

  private static final System.Logger LOG = System.getLogger(StateImages.class.getName());
  private static final Duration LOOK_EVERY = Duration.ofSeconds(1);
  private static final String DELETED = "deleted";
  private static final String BROKEN = "one that lacks a snapshot of its volumes";

  /** As {@link #snapshot} calls them, with no more digits than fit. */
  private static final Pattern NAME = Pattern.compile("penumbra-(.+)-(\\d{1,18})-(\\d{1,18})");

  private static final Set<String> GIVEN_UP = Set.of("killed", DELETED, BROKEN);

  private final OpenStackSettings settings;
  private final Session session;
  private final Nova nova;
  private final StateVolumes volumes;
  private final Books books;
  private final InstantSource clock;

  private static final Comparator<Cut> NEWER =
      Comparator.comparingLong(Cut::term).thenComparingLong(Cut::epoch);

  /** A state that is in an image. */
  record Cut(String image, long term, long epoch, Instant at) {}

  /**
   * A state that Glance has.
   *
   * @param whole whether it is all there
   */
  private record Stored(Cut cut, boolean whole, List<StateVolumes.Part> volumes) {}

  /**
   * What a server is made of.
   *
   * @param volumes snapshots of its volumes; none if it is the image itself
   */
  record Source(String image, List<StateVolumes.Part> volumes) {
    Source {
      volumes = List.copyOf(volumes);
    }

    boolean isOfVolumes() {
      return !volumes.isEmpty();
    }

    /** Devices whose volumes go with the VM's server; what is not named stays. */
    String going() {
      String names =
          volumes.stream()
              .filter(part -> !part.stays() && !part.name().isEmpty())
              .map(StateVolumes.Part::name)
              .collect(Collectors.joining(","));
      return names.isEmpty() ? "none" : names;
    }
  }

  StateImages(
      OpenStackSettings settings,
      Session session,
      Nova nova,
      StateVolumes volumes,
      Books books,
      InstantSource clock) {
    this.settings = settings;
    this.session = session;
    this.nova = nova;
    this.volumes = volumes;
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
    return reachable ? begunOrCut(primary, term) : newest(primary, term);
  }

  /** The last state of a primary that was stopped for it, and stands still meanwhile. */
  Cut cutLast(ServerRecord primary) throws InterruptedException, Refusal {
    if (!areOfPrimaries()) {
      return cut(primary, true);
    }
    return orGone(
        primary,
        snapshot(
            primary, primary.number(Mark.TERM), settings.serverWithin(), () -> isThere(primary)));
  }

  /**
   * Refuses to stop a primary for its last state if storing the one before took longer than a
   * stopped server may wait.
   */
  void mayBeCutStopped(ServerRecord shadow) throws InterruptedException, Refusal {
    Optional<String> image = shadow.mark(Mark.IMAGE);
    if (areOfPrimaries()
        && image.isPresent()
        && nova.image(image.get()) instanceof Answer.Ok(int status, JsonNode stored)) {
      Instant begun = ServerReader.instant(stored.path("created_at").asText(""));
      Instant ended = ServerReader.instant(stored.path("updated_at").asText(""));
      Duration took = Duration.between(begun, ended);
      if (took.compareTo(settings.serverWithin()) > 0) {
        throw Refusal.failed(
            "slow-state",
            "its last state took %d s to be stored; a server is stopped for no longer than %d s"
                .formatted(took.toSeconds(), settings.serverWithin().toSeconds()));
      }
    }
  }

  private boolean isThere(ServerRecord primary) {
    return books.primary(primary.vmId()).isPresent();
  }

  private static Cut orGone(ServerRecord primary, Optional<Cut> cut) throws Refusal {
    return cut.orElseThrow(
        () -> Refusal.failed("primary-gone", "server %s is gone".formatted(primary.id())));
  }

  /**
   * What an attempt before has cut or begun to cut, if it was not long ago: a large disk takes its
   * time, and would have to be stored once more.
   */
  private Cut begunOrCut(ServerRecord primary, long term) throws InterruptedException, Refusal {
    Duration within = settings.refresh().within();
    Set<String> ofHalfMade = new HashSet<>();
    books.all(primary.vmId()).stream()
        .filter(server -> server.role() == Role.SHADOW && !server.isCompleteShadow())
        .forEach(server -> server.mark(Mark.IMAGE).ifPresent(ofHalfMade::add));
    boolean underWay = primary.task().startsWith("image_");
    Instant earliest = clock.instant().minus(within);
    Optional<Stored> begun =
        stored(primary.vmId()).stream()
            .filter(state -> state.cut().term() == term && state.cut().at().isAfter(earliest))
            .filter(state -> state.whole() ? ofHalfMade.contains(state.cut().image()) : underWay)
            .max(Comparator.comparing(Stored::cut, NEWER));
    if (begun.isPresent() && awaitActive(begun.get().cut(), within, () -> isThere(primary))) {
      return begun.get().cut();
    }
    return orGone(primary, snapshot(primary, term, within, () -> isThere(primary)));
  }

  /** The state of a primary that runs, or nothing when it stopped being wanted on the way. */
  Optional<Cut> cutWhile(ServerRecord primary, BooleanSupplier wanted)
      throws InterruptedException, Refusal {
    return snapshot(primary, primary.number(Mark.TERM), settings.refresh().within(), wanted);
  }

  /**
   * The newest state of its present term; of a primary that died before its first was cut, the one
   * that it was started from when the term began.
   */
  private Cut newest(ServerRecord primary, long term) throws InterruptedException, Refusal {
    VmId vm = primary.vmId();
    Optional<ServerRecord> shadow =
        books.shadows(vm).stream()
            .filter(known -> known.number(Mark.TERM) == term && known.mark(Mark.IMAGE).isPresent())
            .max(Comparator.comparingLong(known -> known.number(Mark.EPOCH)));
    if (shadow.isPresent()) {
      return marked(shadow.get(), term);
    }
    return newestWhole(stored(vm), term)
        .or(() -> Optional.of(primary).filter(StateImages::hasBegun).map(its -> marked(its, term)))
        .orElseThrow(() ->
            Refusal.failed(
                "no-source", "the primary does not answer and no state of it is stored"));
  }

  /** Whether it was a shadow when its term began, and so says what it was started from. */
  private static boolean hasBegun(ServerRecord primary) {
    return primary.number(Mark.TERM) > 0 && primary.mark(Mark.IMAGE).isPresent();
  }

  private static Cut marked(ServerRecord server, long term) {
    return new Cut(
        server.mark(Mark.IMAGE).orElseThrow(),
        term,
        server.number(Mark.EPOCH),
        ServerReader.instant(server.mark(Mark.CUT).orElse("")));
  }

  /** Of one whose deletion has begun snapshots are gone; Cinder knows. */
  private Optional<Cut> newestWhole(List<Stored> states, long term) throws InterruptedException {
    List<Stored> found =
        states.stream()
            .filter(state -> state.whole() && state.cut().term() == term)
            .sorted(Comparator.comparing(Stored::cut, NEWER.reversed()))
            .toList();
    for (Stored state : found) {
      if (volumes.progress(state.volumes()) == StateVolumes.Progress.WHOLE) {
        return Optional.of(state.cut());
      }
    }
    return Optional.empty();
  }

  /** As Glance has it. */
  private static Optional<Cut> newest(List<Stored> states, Predicate<Cut> wanted) {
    return states.stream().filter(Stored::whole).map(Stored::cut).filter(wanted).max(NEWER);
  }

  private Optional<Cut> snapshot(
      ServerRecord primary, long term, Duration within, BooleanSupplier wanted)
      throws InterruptedException, Refusal {
    long epoch = 1 + lastEpoch(primary.vmId());
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
    Cut cut = new Cut(image, term, epoch, at);
    return awaitActive(cut, within, wanted) ? Optional.of(cut) : Optional.empty();
  }

  /** Of states that no server has too: a number says which is the newer. */
  private long lastEpoch(VmId vm) throws InterruptedException {
    long last = 0;
    for (ServerRecord server : books.all(vm)) {
      last = Math.max(last, server.number(Mark.EPOCH));
    }
    for (Stored state : stored(vm)) {
      last = Math.max(last, state.cut().epoch());
    }
    return last;
  }

  /** What a server is made of that is to have this state. */
  Source source(Cut cut) throws InterruptedException, Refusal {
    if (!areOfPrimaries() || !session.has("image")) {
      return new Source(cut.image(), List.of());
    }
    return switch (nova.image(cut.image())) {
      case Answer.Ok ok -> {
        List<StateVolumes.Part> parts = StateVolumes.of(ok.body());
        yield new Source(cut.image(), StateVolumes.areBootable(parts) ? parts : List.of());
      }
      case Answer.Refused refused when refused.isAbsent() ->
          throw Refusal.failed("no-source", "state %s is gone".formatted(cut.image()));
      case Answer other -> throw Refusal.of("state " + cut.image(), other);
    };
  }

  private boolean awaitActive(Cut cut, Duration within, BooleanSupplier wanted)
      throws InterruptedException, Refusal {
    Instant until = clock.instant().plus(within);
    String status = "";
    while (clock.instant().isBefore(until)) {
      status = status(nova.image(cut.image()));
      if (status.equals("active")) {
        return true;
      }
      if (!wanted.getAsBoolean()) {
        drop(cut);
        return false;
      }
      if (GIVEN_UP.contains(status)) {
        break;
      }
      Thread.sleep(LOOK_EVERY);
    }
    if (!status.equals(DELETED)) {
      drop(cut);
    }
    throw Refusal.failed(
        "no-image", "snapshot %s became %s, not active".formatted(cut.image(), status));
  }

  /** Of the image, or of the snapshots of volumes that it is made of. */
  private String status(Answer answer) throws InterruptedException {
    return switch (answer) {
      case Answer.Ok ok -> {
        String status = ok.body().path("status").asText();
        yield status.equals("active") ? status(StateVolumes.of(ok.body())) : status;
      }
      case Answer.Refused refused when refused.isAbsent() -> DELETED;
      case Answer.Refused refused -> refused.toString();
      case Answer.Broken broken -> broken.toString();
    };
  }

  private String status(List<StateVolumes.Part> parts) throws InterruptedException {
    return switch (volumes.progress(parts)) {
      case WHOLE -> "active";
      case UNDER_WAY -> "waiting for the snapshots of its volumes";
      case BROKEN -> BROKEN;
    };
  }

  /** Removes a state that nobody has. */
  void drop(Cut cut) throws InterruptedException {
    List<StateVolumes.Part> parts =
        nova.image(cut.image()) instanceof Answer.Ok ok ? StateVolumes.of(ok.body()) : List.of();
    delete(cut.image(), parts);
  }

  /**
   * Removes whatever was cut of a VM and is under none of its servers any more. While the VM is
   * there and is to have shadows its newest whole state stays: the server that had it may be gone,
   * and the primary be the next.
   *
   * @return whether none of it is left; volumes' snapshots may take their time
   */
  boolean dropOlder(VmId vm) throws InterruptedException {
    if (!areOfPrimaries() || !session.has("image")) {
      return true;
    }
    List<Stored> states = stored(vm);
    long term = books.primary(vm).map(primary -> primary.number(Mark.TERM)).orElse(0L);
    Optional<Cut> ofThisTerm = newest(states, cut -> cut.term() == term);
    Set<String> used = new HashSet<>();
    for (ServerRecord server : books.all(vm)) {
      server
          .mark(Mark.IMAGE)
          .filter(image ->
              server.role() == Role.SHADOW
                  || ofThisTerm.isEmpty()
                  || !isOfVolumes(states, image)) // one that boots it may want its image again
          .ifPresent(used::add);
    }
    if (books.isProtected(vm)) {
      newest(states, cut -> true).ifPresent(cut -> used.add(cut.image()));
      ofThisTerm.ifPresent(cut -> used.add(cut.image()));
    }
    boolean all = true;
    for (Stored state : states) {
      if (!used.contains(state.cut().image())) {
        all &= delete(state.cut().image(), state.volumes());
      }
    }
    return all;
  }

  private static boolean isOfVolumes(List<Stored> states, String image) {
    return states.stream()
        .anyMatch(state -> state.cut().image().equals(image) && !state.volumes().isEmpty());
  }

  /** VMs of which states are in Glance that were cut here, whether they are there or not. */
  Set<VmId> ofWhom() throws InterruptedException {
    Set<VmId> found = new TreeSet<>();
    Optional<String> project = session.project();
    if (!areOfPrimaries() || !session.has("image") || project.isEmpty()) {
      return found;
    }
    for (JsonNode image : nova.images("owner", project.get())) {
      Matcher name = NAME.matcher(image.path("name").asText());
      if (isOurs(image)
          && name.matches()
          && image.path(Mark.SHADOW_OF.key()).asText("").equals(name.group(1))) {
        found.add(VmId.of(String.valueOf(name.group(1))));
      }
    }
    return found;
  }

  /** States of a VM that are in Glance, whether a server has them or not. */
  private List<Stored> stored(VmId vm) throws InterruptedException {
    List<Stored> found = new ArrayList<>();
    if (!session.has("image")) {
      return found;
    }
    for (JsonNode image : nova.images(Mark.SHADOW_OF.key(), vm.value())) {
      Matcher name = NAME.matcher(image.path("name").asText());
      if (isOurs(image) && name.matches() && vm.value().equals(name.group(1))) {
        Cut cut =
            new Cut(
                image.path("id").asText(),
                Long.parseLong(String.valueOf(name.group(2))),
                Long.parseLong(String.valueOf(name.group(3))),
                ServerReader.instant(image.path("created_at").asText("")));
        boolean whole = image.path("status").asText("active").equals("active");
        found.add(new Stored(cut, whole, StateVolumes.of(image)));
      }
    }
    return found;
  }

  /**
   * Whether an image is a state that was cut here. That it says whose shadows it is for does not
   * suffice: Nova copies that into whatever is made of a server that was started from one, such as
   * the disk of a promoted server that was put away, {@code penumbra-VM-HOST-shelved}. And anybody
   * may give an image any name and property; whose it is, only Glance says.
   */
  private boolean isOurs(JsonNode image) {
    Optional<String> project = session.project();
    String owner = image.path("owner").asText("");
    return image.path("image_type").asText("snapshot").equals("snapshot")
        && (project.isEmpty() || owner.isEmpty() || owner.equals(project.get()));
  }

  /** The snapshots first: when the image is gone, nobody knows of them. */
  private boolean delete(String image, List<StateVolumes.Part> parts) throws InterruptedException {
    if (!volumes.delete(parts)) {
      LOG.log(Level.DEBUG, "snapshots of volumes of state {0} are left; tried again", image);
      return false;
    }
    Answer answer = nova.deleteImage(image);
    boolean gone =
        ServerWork.isOk(answer) || (answer instanceof Answer.Refused refused && refused.isAbsent());
    if (!gone) {
      LOG.log(Level.INFO, "image {0} could not be deleted; nobody needs it", image);
    }
    return gone;
  }
}
