package io.penumbra.sync.encode;

import io.penumbra.sync.epoch.PageSize;
import io.penumbra.sync.epoch.PageView;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Where a receiver finds contents that were sent to it of whatever VM: shared by the decoders of
 * all VMs that opted in, see {@link SentContents}. It remembers places, and what it reads there it
 * hashes again, so a page that has changed since is simply not found. Forgets the eldest when full.
 */
public final class HeldContents {

  private record Place(PageView view, int page) {}

  private final int most;
  private final Map<ContentName, Place> places = new LinkedHashMap<>();

  /** Keeps so many places at most, at about 150 bytes each. */
  public HeldContents(int most) {
    if (most < 1) {
      throw new IllegalArgumentException(
          "room for %d contents; expected 1 or more".formatted(most));
    }
    this.most = most;
  }

  /** A VM's state is about to be unmapped: look no longer into it. */
  public synchronized void forget(PageView view) {
    places.values().removeIf(place -> place.view().equals(view));
  }

  synchronized void holds(PageView view, int page) {
    places.put(ContentName.of(view, page), new Place(view, page));
    if (places.size() > most) {
      Iterator<ContentName> eldest = places.keySet().iterator();
      eldest.next();
      eldest.remove();
    }
  }

  /** Copies the content to a place in an array, and says whether it was there. */
  synchronized boolean copy(ContentName name, byte[] into, int at) {
    Place place = places.get(name);
    if (place == null || !ContentName.of(place.view(), place.page()).equals(name)) {
      return false;
    }
    PageView view = place.view();
    MemorySegment.copy(
        view.segment(place.page()),
        ValueLayout.JAVA_BYTE,
        view.offset(place.page()),
        into,
        at,
        PageSize.BYTES);
    return true;
  }
}
