package io.penumbra.adapter.openstack.api;

import java.util.List;
import java.util.Optional;

/**
 * Snapshots of volumes: what the state of a server that boots from a volume is made of. Nova cuts
 * them, and leaves them to whoever asked for them.
 *
 * @see <a href="https://docs.openstack.org/api-ref/block-storage/v3/">Block Storage API v3</a>
 */
public final class Cinder {

  /** What catalogs call it: what most have, then what the service types authority wants. */
  private static final List<String> TYPES = List.of("volumev3", "block-storage", "block-store");

  private final Session session;
  private final Rest rest;

  public Cinder(Session session, Rest rest) {
    this.session = session;
    this.rest = rest;
  }

  public Answer snapshot(String id) throws InterruptedException {
    return rest.get(type(), "", "/snapshots/" + id);
  }

  /** Orders it; the snapshot is gone when Cinder knows of none. */
  public Answer deleteSnapshot(String id) throws InterruptedException {
    return rest.ask(type(), "", "DELETE", "/snapshots/" + id, Optional.empty());
  }

  /** Whether the catalog has one at all. */
  public boolean isThere() {
    return TYPES.stream().anyMatch(session::has);
  }

  private String type() {
    return TYPES.stream().filter(session::has).findFirst().orElse(TYPES.getFirst());
  }
}
