package io.penumbra.adapter.qemu.agent;

import io.penumbra.adapter.qemu.api.Heartbeat.ReplicaReport;
import io.penumbra.adapter.qemu.api.ReplicaOrder;
import io.penumbra.domain.BadInputException;
import io.penumbra.domain.VmId;
import io.penumbra.sync.engine.Pace;
import io.penumbra.sync.engine.SenderListener;
import io.penumbra.sync.engine.SyncSender;
import io.penumbra.sync.epoch.RegionPages;
import io.penumbra.sync.file.ScratchFile;
import io.penumbra.sync.frame.FrameKey;
import io.penumbra.sync.net.FrameLink;
import io.penumbra.sync.scan.Cut;
import io.penumbra.sync.scan.CutSettings;
import io.penumbra.sync.scan.CutTaker;
import io.penumbra.sync.session.SenderSettings;
import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/**
 * Sends one VM's epochs to one shadow, on a thread of its own, until it is closed. Whatever breaks
 * is begun again: the ends find out by hashes what is missing, so nothing is transferred twice.
 */
final class Replication implements AutoCloseable {

  private static final Duration AGAIN = Duration.ofMillis(500);
  private static final Duration END = Duration.ofSeconds(3);

  /** Is told of acks. */
  interface Listener {

    /**
     * That epoch is durable at the shadow.
     *
     * @param heldNanos when its cut began, so before it was sent
     */
    void acked(Replication by, CutLabel label, long heldNanos, Duration sinceCut);

    /** The guest's memory has changed by itself. */
    void drifted(Replication by, Drift drift);
  }

  private final VmId vm;
  private final CaptureDesk desk;
  private final Path scratch;
  private final Optional<FrameKey> key;
  private final Scrubbing scrubbing;
  private final Listener listener;
  private final LongSupplier clock;
  private final InstantSource monotonic;
  private final Thread thread;
  private final Figures figures = new Figures();
  private volatile ReplicaOrder order;
  private volatile Optional<SyncSender> sender = Optional.empty();
  private volatile Optional<CaptureDesk.Taker> taker = Optional.empty();
  private volatile Optional<CutLabel> acked = Optional.empty();
  private volatile long heardNanos;
  private volatile String trouble = "";
  private volatile boolean closed;

  Replication(
      VmId vm,
      ReplicaOrder order,
      CaptureDesk desk,
      Path scratch,
      Optional<FrameKey> key,
      Scrubbing scrubbing,
      LongSupplier clock,
      Listener listener) {
    this.vm = vm;
    this.order = order;
    this.desk = desk;
    this.scratch = scratch;
    this.key = key;
    this.scrubbing = scrubbing;
    this.clock = clock;
    this.listener = listener;
    // Sessions measure time by it, and the wall clock may jump; people read when a cut was made.
    Instant zero = InstantSource.system().instant().minusNanos(clock.getAsLong());
    monotonic = () -> zero.plusNanos(clock.getAsLong());
    heardNanos = clock.getAsLong();
    thread =
        Thread.ofPlatform().name("replicate " + vm + " to " + order.host()).unstarted(this::run);
  }

  /** What was sent and how long cuts took; read by whoever counts. */
  static final class Figures {
    final AtomicLong epochs = new AtomicLong();
    final AtomicLong bytes = new AtomicLong();
    volatile long pagesLast;
    volatile Duration pauseLast = Duration.ZERO;
    volatile Duration lagLast = Duration.ZERO;
    volatile long scrubPasses;
  }

  Replication start() {
    thread.start();
    return this;
  }

  ReplicaOrder order() {
    return order;
  }

  Figures figures() {
    return figures;
  }

  Optional<CutLabel> acked() {
    return acked;
  }

  /** Why nothing arrives there; empty when all is well. */
  String trouble() {
    return trouble;
  }

  void every(Duration interval) {
    order = order.withInterval(interval);
    sender.ifPresent(working -> working.every(interval));
  }

  /** Takes the next cut now. */
  void cutSoon() {
    sender.ifPresent(SyncSender::cutSoon);
  }

  ReplicaReport report(long term) {
    Optional<CutLabel> newest = acked.filter(label -> label.term() == term);
    long silent = Math.max(0, clock.getAsLong() - heardNanos);
    return new ReplicaReport(
        order.host(),
        newest.isPresent(),
        newest.map(CutLabel::epoch).orElse(0L),
        Duration.ofNanos(silent).toMillis());
  }

  private void run() {
    while (!closed) {
      try {
        send();
      } catch (InterruptedException e) {
        return;
      } catch (BadInputException e) {
        trouble = String.valueOf(e.getMessage());
      } catch (IOException | RuntimeException e) {
        trouble = e.getClass().getSimpleName() + ": " + e.getMessage();
      } finally {
        sender = Optional.empty();
      }
      rest();
    }
  }

  private void rest() {
    try {
      if (!closed) {
        Thread.sleep(AGAIN);
      }
    } catch (InterruptedException e) {
      closed = true;
    }
  }

  private void send() throws IOException, InterruptedException {
    try (CaptureDesk.Taker source = desk.taker();
        ScratchFile memory = ScratchFile.in(scratch);
        FrameLink link =
            Wire.dial(order.link(), order.addresses().stream().map(Wire::address).toList(), key)) {
      RegionPages base = memory.pages(source.layout());
      CutTaker cuts = new CutTaker(source, base, memory, CutSettings.DEFAULT, monotonic);
      SyncSender working =
          new SyncSender(
              vm,
              cuts,
              Wire.coding(),
              link,
              key,
              SenderSettings.every(order.interval()),
              Pace.unlimited(),
              new SecureRandom(),
              monotonic,
              new Progress(source, cuts, base));
      taker = Optional.of(source);
      sender = Optional.of(working);
      if (!closed) {
        working.run();
      }
    } finally {
      taker = Optional.empty();
    }
  }

  @Override
  public void close() {
    closed = true;
    sender.ifPresent(SyncSender::stop);
    Optional<CaptureDesk.Taker> open = taker;
    open.ifPresentOrElse(taken -> taken.end(thread), thread::interrupt);
  }

  /** On return the guest is not held by it. */
  void awaitEnd() {
    try {
      thread.join(END);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** What the engine says, on its thread. */
  private final class Progress implements SenderListener {

    private final CaptureDesk.Taker source;
    private final CutTaker cuts;
    private final RegionPages base;
    private final Scrub scrub;
    private boolean whole;

    Progress(CaptureDesk.Taker source, CutTaker cuts, RegionPages base) {
      this.source = source;
      this.cuts = cuts;
      this.base = base;
      scrub = new Scrub(source.layout(), scrubbing.mibPerSecond());
    }

    @Override
    public void inTouch(long epoch) {
      heardNanos = clock.getAsLong();
      trouble = "";
    }

    @Override
    public void outOfTouch() {
      trouble = "the shadow's host does not answer";
    }

    @Override
    public void cutTaken(long epoch, boolean everything, Cut cut) {
      whole = everything;
      figures.pagesLast = cut.pages().length;
      figures.pauseLast = cut.held();
    }

    @Override
    public void acked(long epoch, Cut cut, Duration sinceCut, long bytes) {
      heardNanos = clock.getAsLong();
      trouble = "";
      figures.epochs.incrementAndGet();
      figures.bytes.addAndGet(bytes);
      figures.lagLast = sinceCut;
      CutLabel label = CutLabel.of(cut.health()).orElseThrow();
      acked = Optional.of(label);
      listener.acked(Replication.this, label, source.heldNanos(), sinceCut);
      // Nothing is on its way now, and the next cut is an interval away.
      scrub
          .acked(source, base, cuts.hashes(), label.epoch(), whole, clock.getAsLong())
          .ifPresent(drift -> listener.drifted(Replication.this, drift));
      figures.scrubPasses = scrub.passes();
    }
  }
}
