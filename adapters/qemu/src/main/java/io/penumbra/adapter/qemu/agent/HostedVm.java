package io.penumbra.adapter.qemu.agent;

import io.penumbra.adapter.qemu.api.AgentJson;
import io.penumbra.adapter.qemu.api.Heartbeat.InstanceReport;
import io.penumbra.domain.VmId;
import java.io.IOException;
import java.io.UncheckedIOException;
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
    return new HostedVm(AgentJson.read(Files.readAllBytes(file), InstanceRecord.class), file);
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
   * As {@link #change}, for what takes a promise back: written at once, and forced to disk soon.
   * Whoever reads the older record after the machine has failed keeps a promise for nothing.
   */
  synchronized void changeSoon(UnaryOperator<InstanceRecord> change) {
    if (!removed) {
      InstanceRecord changed = change.apply(record);
      DurableFile.replace(file, AgentJson.write(changed), false);
      record = changed;
      Thread.ofVirtual().name("force " + id).start(this::force);
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
      Files.deleteIfExists(DurableFile.directoryOf(file));
    } catch (IOException e) {
      throw new UncheckedIOException("cannot remove " + file, e);
    }
  }

  Optional<InstanceReport> report() {
    return primary.map(PrimarySide::report).or(() -> shadow.map(ShadowSide::report));
  }
}
