package io.penumbra.sync.encode;

import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The contents of pages that one receiver has been sent of whatever VM, and has accepted: shared by
 * the encoders of all VMs that one sender keeps current there. Forgets the eldest when it is full.
 *
 * <p>Using it is a choice, not a default: who can watch how many bytes a VM's epochs take, can find
 * out by writing a page whether another VM holds the same (Harnik et al., <i>Side Channels in Cloud
 * Services: Deduplication in Cloud Storage</i>, 2010). For VMs of one owner that is no loss.
 */
public final class SentContents {

  private final int most;
  private final Map<ContentName, Boolean> names = new LinkedHashMap<>();

  /** Keeps so many at most, at about 100 bytes each. */
  public SentContents(int most) {
    if (most < 1) {
      throw new IllegalArgumentException(
          "room for %d contents; expected 1 or more".formatted(most));
    }
    this.most = most;
  }

  synchronized boolean has(ContentName name) {
    return names.containsKey(name);
  }

  synchronized void accepted(ContentName name) {
    names.put(name, true);
    if (names.size() > most) {
      Iterator<ContentName> eldest = names.keySet().iterator();
      eldest.next();
      eldest.remove();
    }
  }
}
