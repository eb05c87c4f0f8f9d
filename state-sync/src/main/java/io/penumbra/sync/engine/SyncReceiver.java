package io.penumbra.sync.engine;

import io.penumbra.sync.epoch.EpochManifest;
import io.penumbra.sync.epoch.PageHash;
import io.penumbra.sync.epoch.PageSize;
import io.penumbra.sync.epoch.PageView;
import io.penumbra.sync.epoch.StateSink;
import io.penumbra.sync.frame.Direction;
import io.penumbra.sync.frame.FrameKey;
import io.penumbra.sync.frame.FrameOpener;
import io.penumbra.sync.frame.FrameSealer;
import io.penumbra.sync.frame.Message;
import io.penumbra.sync.frame.Opened;
import io.penumbra.sync.net.FrameLink;
import io.penumbra.sync.session.EscalationPolicy;
import io.penumbra.sync.session.ReceiverSession;
import io.penumbra.sync.session.ReceiverStep;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.random.RandomGenerator;

/** Keeps a VM's state as a sender tells it, until it is told to stop. */
public final class SyncReceiver {

  private static final Duration NAP = Duration.ofMillis(20);

  private final StateSink sink;
  private final PageCoding.Decoder decoder;
  private final int coding;
  private final FrameLink link;
  private final FrameOpener opener;
  private final Optional<FrameKey> key;
  private final RandomGenerator random;
  private final ReceiverListener listener;
  private final ReceiverSession session;
  private final MemorySegment page = Arena.ofAuto().allocate(PageSize.BYTES, Long.BYTES);
  private FrameSealer sealer;
  private BitSet staged = new BitSet();
  private Optional<EpochManifest> committed = Optional.empty();
  private Optional<CopyVerifier> verifier = Optional.empty();
  private InstantSource clock = () -> Instant.EPOCH;
  private int pages;
  private final Queue<Reading> readings = new ConcurrentLinkedQueue<>();
  private volatile boolean stopping;

  /**
   * Connects the parts.
   *
   * @param random with a key, a {@link java.security.SecureRandom}
   */
  public SyncReceiver(
      StateSink sink,
      PageCoding coding,
      FrameLink link,
      Optional<FrameKey> key,
      EscalationPolicy policy,
      RandomGenerator random,
      ReceiverListener listener) {
    this.sink = sink;
    this.coding = coding.id();
    this.link = link;
    this.key = key;
    this.random = random;
    this.listener = listener;
    decoder = coding.decoder();
    opener = new FrameOpener(key, Direction.TO_RECEIVER);
    sealer = new FrameSealer(key, Direction.TO_SENDER, random);
    session = new ReceiverSession(policy);
  }

  /**
   * Has the copy looked over beside the work, and asks for pages that have rotted.
   *
   * @param bytesPerSecond at most so much is read for it
   */
  public SyncReceiver verifying(double bytesPerSecond, InstantSource now) {
    verifier = Optional.of(new CopyVerifier(bytesPerSecond));
    clock = now;
    return this;
  }

  /**
   * Reads pages of the newest epoch as they were verified; for other threads. Those that have
   * rotted in the copy are asked of the sender first, with its next epoch.
   *
   * @return their bytes in order; empty if they could not be had in time
   */
  public Optional<ByteBuffer> read(int[] wanted, Duration most) throws InterruptedException {
    Reading reading = new Reading(wanted.clone(), new CompletableFuture<>());
    readings.add(reading);
    try {
      return reading.content.get(most.toNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      return Optional.empty();
    } catch (ExecutionException e) {
      throw new IllegalStateException("reading the copy failed", e);
    } finally {
      readings.remove(reading);
    }
  }

  /** Ends {@link #run} soon. */
  public void stop() {
    stopping = true;
  }

  /** Works until it is stopped. */
  public void run() throws InterruptedException, IOException {
    while (!stopping) {
      Optional<FrameLink.Arrival> arrival = link.receive(NAP);
      if (arrival.isPresent()) {
        switch (arrival.get()) {
          case FrameLink.Arrival.PeerStarted _ ->
              sealer = new FrameSealer(key, Direction.TO_SENDER, random);
          case FrameLink.Arrival.Frame(byte[] frame) -> heard(frame);
        }
      }
      if (verifier.isPresent() && session.committed() > 0) {
        verify(verifier.get());
      }
      if (session.committed() > 0) {
        readings.forEach(this::answer);
      }
    }
  }

  private void answer(Reading reading) {
    PageView view = sink.view();
    boolean rotten = false;
    for (int wanted : reading.pages) {
      if (wanted < 0 || wanted >= pages) {
        reading.content.complete(Optional.empty());
        return;
      }
      long hash = PageHash.of(view, wanted);
      if (hash != session.expectedHash(wanted)) {
        session.rotten(new int[] {wanted}, new long[] {hash});
        listener.rotten(1);
      }
      rotten |= session.isRotten(wanted);
    }
    if (!rotten) {
      reading.content.complete(Optional.of(copy(view, reading.pages)));
    }
  }

  private static ByteBuffer copy(PageView view, int[] wanted) {
    ByteBuffer content = ByteBuffer.allocate(wanted.length * PageSize.BYTES);
    for (int each : wanted) {
      content.put(view.segment(each).asSlice(view.offset(each), PageSize.BYTES).asByteBuffer());
    }
    return content.flip();
  }

  /** Pages that somebody waits for. */
  private static final class Reading {
    private final int[] pages;
    private final CompletableFuture<Optional<ByteBuffer>> content;

    Reading(int[] pages, CompletableFuture<Optional<ByteBuffer>> content) {
      this.pages = pages;
      this.content = content;
    }
  }

  private void verify(CopyVerifier looking) {
    CopyVerifier.Found found =
        looking.step(sink.view(), pages, session::expectedHash, clock.instant());
    if (found.pages().length > 0) {
      session.rotten(found.pages(), found.hashes());
      listener.rotten(found.pages().length);
    }
  }

  private void heard(byte[] frame) throws InterruptedException, IOException {
    switch (opener.open(frame)) {
      case Opened.Read(long number, Message message) ->
          carryOut(session.heard(number, message, random.nextLong() | 1));
      case Opened.Rejected(String why) -> listener.rejected(why);
    }
  }

  private void carryOut(List<ReceiverStep> steps) throws InterruptedException, IOException {
    for (ReceiverStep step : steps) {
      switch (step) {
        case ReceiverStep.Say(long number, Message message) ->
            link.send(sealer.seal(number, message));
        case ReceiverStep.Open open -> carryOut(open(open));
        case ReceiverStep.Decode(Message.Pages pages) -> carryOut(decode(pages));
        case ReceiverStep.Unstage(int[] pages) -> {
          for (int unstaged : pages) {
            sink.unstage(unstaged);
            staged.clear(unstaged);
          }
        }
        case ReceiverStep.Discard _ -> {
          sink.discard();
          staged.clear();
        }
        case ReceiverStep.Commit(EpochManifest manifest) -> {
          sink.commit(manifest);
          committed = Optional.of(manifest);
          listener.committed(manifest, staged.cardinality());
          carryOut(session.committed(manifest));
        }
        case ReceiverStep.ResetPredictors _ -> decoder.reset();
        case ReceiverStep.Accepted(long epoch, boolean resync) -> accepted(epoch, resync);
      }
    }
  }

  private List<ReceiverStep> open(ReceiverStep.Open open) throws IOException {
    if (open.coding() != coding) {
      return session.refused(
          "the ends code pages in different ways (%d here, %d there); update the older one"
              .formatted(coding, open.coding()));
    }
    return switch (sink.open(open.vm(), open.layout())) {
      case StateSink.Opening.Refused(String reason) -> session.refused(reason);
      case StateSink.Opening.Opened(var newest, var have) -> {
        pages = open.layout().pages();
        listener.opened(newest.map(EpochManifest::epoch).orElse(0L));
        yield session.opened(newest, have);
      }
    };
  }

  private List<ReceiverStep> decode(Message.Pages pages) throws IOException {
    BitSet wrong = new BitSet();
    wrong.set(0, pages.pages().length);
    Staging staging = new Staging(pages, wrong);
    decoder.decode(pages.standalone(), pages.pages(), pages.block(), sink.view(), staging);
    if (staging.failure.isPresent()) {
      throw staging.failure.get();
    }
    if (!wrong.isEmpty()) {
      listener.wrongPages(wrong.cardinality());
    }
    return session.decoded(pages, wrong);
  }

  private void accepted(long epoch, boolean resync) throws IOException {
    sink.apply();
    if (resync) {
      decoder.reset();
    } else {
      decoder.accepted(epoch);
    }
    listener.applied(committed.orElseThrow(), staged.stream().toArray(), sink.view());
    staged = new BitSet();
  }

  /** Verifies what comes out of the decoder, and stages what is right. */
  private final class Staging implements PageCoding.PageTarget {

    private final Message.Pages pages;
    private final BitSet wrong;
    private Optional<IOException> failure = Optional.empty();

    Staging(Message.Pages pages, BitSet wrong) {
      this.pages = pages;
      this.wrong = wrong;
    }

    @Override
    public void page(int index, byte[] bytes, int offset) {
      MemorySegment.copy(bytes, offset, page, ValueLayout.JAVA_BYTE, 0, PageSize.BYTES);
      if (PageHash.of(page, 0) != pages.hashes()[index]) {
        return;
      }
      try {
        int number = pages.pages()[index];
        long hash = pages.hashes()[index];
        if (session.isMend(number, hash)) {
          sink.mend(number, page, 0, hash);
        } else {
          sink.stage(number, page, 0, hash);
          staged.set(number);
        }
        wrong.clear(index);
      } catch (IOException e) {
        failure = Optional.of(e);
      }
    }
  }
}
