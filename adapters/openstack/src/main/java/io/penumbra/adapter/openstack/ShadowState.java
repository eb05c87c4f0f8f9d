package io.penumbra.adapter.openstack;

import io.penumbra.adapter.openstack.ServerRecord.Role;
import io.penumbra.adapter.openstack.StateImages.Cut;
import io.penumbra.adapter.openstack.StateImages.Source;
import io.penumbra.adapter.openstack.api.Placement;
import io.penumbra.domain.HostId;
import io.penumbra.domain.event.Outcome;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;

/**
 * Puts another state under a shadow. Nova puts another image under a server that boots from its
 * disk. It does not put another volume under one that boots from a volume: that one is replaced by
 * another server, on the same host, made of the new state's snapshots.
 */
final class ShadowState {

  private final ServerMoves moves;
  private final StateImages images;
  private final Books books;
  private final Placement placement;
  private final Inventory inventory;

  ShadowState(
      ServerMoves moves,
      StateImages images,
      Books books,
      Placement placement,
      Inventory inventory) {
    this.moves = moves;
    this.images = images;
    this.books = books;
    this.placement = placement;
    this.inventory = inventory;
  }

  /** The same, but whatever is waited for is given up when it is not worthwhile any more. */
  ShadowState onlyWhile(Predicate<ServerRecord> asked) {
    return new ShadowState(moves.onlyWhile(asked), images, books, placement, inventory);
  }

  /**
   * Gives a shadow this state and brings it to where it waits.
   *
   * @return its server, which may be another one than before
   */
  ServerRecord put(ServerRecord primary, ServerRecord shadow, Cut cut)
      throws InterruptedException, Refusal {
    Source source = images.source(cut);
    if (source.isOfVolumes()) {
      return replace(primary, shadow, cut, source);
    }
    // The mark first: from then on a promotion starts from this state, and puts it there if need
    // be.
    ServerRecord marked = moves.mark(shadow, marksOf(cut));
    return moves.rest(moves.rebuild(marked, cut.image()), shadow.mode());
  }

  static Map<String, String> marksOf(Cut cut) {
    return Map.of(
        Mark.IMAGE.key(), cut.image(),
        Mark.TERM.key(), Long.toString(cut.term()),
        Mark.EPOCH.key(), Long.toString(cut.epoch()),
        Mark.CUT.key(), cut.at().toString());
  }

  boolean hasRoom(HostId host, ServerRecord primary) throws InterruptedException {
    Optional<String> provider = inventory.provider(host);
    return provider.isEmpty() || placement.hasRoom(provider.get(), primary.vm().size());
  }

  /**
   * Where there is room for both the new server is whole before the old one goes, so there is
   * always one that can take over. Where there is not, the old one makes room; should the new one
   * come to nothing, the state itself is still there.
   */
  private ServerRecord replace(ServerRecord primary, ServerRecord shadow, Cut cut, Source source)
      throws InterruptedException, Refusal {
    HostId host = shadow.shadowHost().orElseThrow();
    books.hold(shadow.id());
    try {
      if (hasRoom(host, primary)) {
        try {
          ServerRecord made = make(primary, shadow, host, cut, source);
          removeOthers(made, host, Set.of(made.id()));
          return made;
        } catch (Refusal refusal) {
          if (!isForWantOfRoom(refusal)) {
            throw refusal;
          }
        }
      }
      moves.remove(shadow);
      ServerRecord made = make(primary, shadow, host, cut, source);
      removeOthers(made, host, Set.of(made.id(), shadow.id()));
      return made;
    } finally {
      books.release(shadow.id());
    }
  }

  private static boolean isForWantOfRoom(Refusal refusal) {
    return refusal.outcome() instanceof Outcome.Failed no
        && (no.code().equals("no-capacity") || no.code().equals("over-quota"));
  }

  private ServerRecord make(
      ServerRecord primary, ServerRecord shadow, HostId host, Cut cut, Source source)
      throws InterruptedException, Refusal {
    TreeMap<String, String> marks = new TreeMap<>(shadow.shadowMarks());
    marks.putAll(marksOf(cut));
    marks.remove(Mark.STALE.key());
    marks.remove(Mark.STATE.key());
    ServerRecord made = moves.make(primary, host, source, marks);
    ServerRecord resting = moves.rest(made, shadow.mode());
    Optional<String> whole = shadow.mark(Mark.STATE); // one that never was isn't by this alone
    return whole.isPresent() ? moves.mark(resting, Map.of(Mark.STATE.key(), whole.get())) : resting;
  }

  /** Also what is left of an attempt that broke off. */
  private void removeOthers(ServerRecord made, HostId host, Set<String> but)
      throws InterruptedException, Refusal {
    for (ServerRecord other : books.all(made.vmId())) {
      if (!but.contains(other.id())
          && other.role() == Role.SHADOW
          && other.shadowHost().equals(Optional.of(host))) {
        moves.remove(other);
      }
    }
  }
}
