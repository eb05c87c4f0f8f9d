package io.penumbra.adapter.qemu.agent;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penumbra.adapter.qemu.api.AgentJson;
import io.penumbra.adapter.qemu.api.Heartbeat.InstanceReport;
import io.penumbra.domain.VmId;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.UnaryOperator;

/**
 * One VM's instance on this host: what is remembered of it, and the side that it is on. Whoever
 * changes the side or orders something holds the lock; a guest that must stop is stopped without.
 */
final class HostedVm {

  private final VmId id;
  private final Path file;
  private final ReentrantLock lock = new ReentrantLock();
  private volatile InstanceRecord record;
  private volatile Optional<PrimarySide> primary = Optional.empty();
  private volatile Optional<ShadowSide> shadow = Optional.empty();
  private volatile boolean removed;

  HostedVm(InstanceRecord record, Path file) {
    this.id = record.spec().vm().id();
    this.record = record;
    this.file = file;
  }

  /** Reads what an agent before has written. */
  static HostedVm read(Path file) throws IOException {
    JsonNode record = AgentJson.read(Files.readAllBytes(file), JsonNode.class);
    if (record.path("seat") instanceof ObjectNode seat) {
      // Written by an agent that kept that in its head.
      if (!seat.has("backTo")) {
        seat.putNull("backTo");
      }
      if (!seat.has("restored")) {
        seat.put("restored", false);
      }
    }
    if (record instanceof ObjectNode whole && !whole.has("unled")) {
      whole.putNull("unled");
    }
    return new HostedVm(AgentJson.read(AgentJson.write(record), InstanceRecord.class), file);
  }

  VmId id() {
    return id;
  }

  ReentrantLock lock() {
    return lock;
  }

  InstanceRecord record() {
    return record;
  }

  /**
   * Written on return, and only then true. Only what was promised about a lease has to outlive the
   * machine: its guests don't.
   */
  synchronized void save(InstanceRecord changed) {
    if (!removed) {
      boolean promised = !changed.seat().equals(record.seat());
      DurableFile.replace(file, AgentJson.write(changed), promised);
      record = changed;
    }
  }

  /**
   * As {@link #change}, for what takes a promise back: true at once, and written soon, for clients
   * may be waiting. Whoever reads the older record keeps a promise for nothing, and takes a guest
   * that he finds running for what it is.
   */
  synchronized void changeSoon(UnaryOperator<InstanceRecord> change) {
    if (!removed) {
      record = change.apply(record);
      Thread.ofVirtual().name("write " + id).start(this::force);
    }
  }

  private synchronized void force() {
    if (!removed) {
      DurableFile.replace(file, AgentJson.write(record));
    }
  }

  /** Changes what is remembered; nobody else changes it meanwhile. */
  synchronized void change(UnaryOperator<InstanceRecord> change) {
    save(change.apply(record));
  }

  Optional<PrimarySide> primary() {
    return primary;
  }

  Optional<ShadowSide> shadow() {
    return shadow;
  }

  void becomes(PrimarySide side) {
    primary = Optional.of(side);
    shadow = Optional.empty();
  }

  void becomes(ShadowSide side) {
    shadow = Optional.of(side);
    primary = Optional.empty();
  }

  /** Nothing of it is remembered. */
  synchronized void forget() {
    removed = true;
    primary = Optional.empty();
    shadow = Optional.empty();
    try {
      Files.deleteIfExists(file);
      try {
        Files.deleteIfExists(DurableFile.directoryOf(file));
      } catch (DirectoryNotEmptyException somethingWasPutAside) {
        // It stays for whoever wants to look at it.
      }
    } catch (IOException e) {
      throw new UncheckedIOException("cannot remove " + file, e);
    }
  }

  Optional<InstanceReport> report() {
    return primary.map(PrimarySide::report).or(() -> shadow.map(ShadowSide::report));
  }
}
