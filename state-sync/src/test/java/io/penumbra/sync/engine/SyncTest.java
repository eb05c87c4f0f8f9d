package io.penumbra.sync.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.domain.VmId;
import io.penumbra.sync.encode.Prices;
import io.penumbra.sync.epoch.Region;
import io.penumbra.sync.epoch.RegionKind;
import io.penumbra.sync.file.DirectorySink;
import io.penumbra.sync.file.DirectoryStatus;
import io.penumbra.sync.file.ImageRestore;
import io.penumbra.sync.file.LiveFiles;
import io.penumbra.sync.file.QuietHook;
import io.penumbra.sync.file.Retention;
import io.penumbra.sync.file.ScratchFile;
import io.penumbra.sync.frame.FrameKey;
import io.penumbra.sync.scan.Cut;
import io.penumbra.sync.scan.CutSettings;
import io.penumbra.sync.scan.CutTaker;
import io.penumbra.sync.session.Early;
import io.penumbra.sync.session.EscalationPolicy;
import io.penumbra.sync.session.SenderSettings;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SyncTest {

  @TempDir private Path temp;

  private final AtomicInteger rotten = new AtomicInteger();
  private Optional<Path> flipIn = Optional.empty();
  private volatile Optional<SyncReceiver> receiving = Optional.empty();
  private final CompletableFuture<Optional<ByteBuffer>> readBack = new CompletableFuture<>();
  private boolean verifying = true;
  private final AtomicInteger wentAhead = new AtomicInteger();
  private final AtomicInteger held = new AtomicInteger();
  private Pace pace = Pace.unlimited();
  private Early early = Early.OFF;
  private Duration epoch = Duration.ofMillis(2);
  private InstantSource clock = InstantSource.system();
  private byte[] atTheCut = {};

  @Test
  void everyKeptEpochOfAnyScriptCanBeRestoredToTheByte() throws Exception {
    run(1, 0, Optional.empty(), 15);
  }

  @Test
  void overALinkThatLosesRepeatsAndFlipsBitsTheSame() throws Exception {
    run(2, 0.05, Optional.of(FrameKey.of(new byte[FrameKey.BYTES])), 8);
  }

  @Test
  void aBitThatFlipsInTheCopyIsFoundBesideTheWorkAndMended() throws Exception {
    flipIn = Optional.of(temp.resolve("copy").resolve("disk.raw.img"));
    run(3, 0, Optional.empty(), 12);
    assertThat(rotten.get()).isPositive();
  }

  @Test
  void aPageThatIsReadFromTheCopyAndHasRottenThereIsAskedOfTheSenderFirst() throws Exception {
    flipIn = Optional.of(temp.resolve("copy").resolve("disk.raw.img"));
    verifying = false;
    run(7, 0, Optional.empty(), 30);
    assertThat(rotten.get()).isPositive();
    byte[] image = Files.readAllBytes(temp.resolve("disk.raw"));
    assertThat(readBack.join()).contains(ByteBuffer.wrap(image, 0, 4096).slice());
  }

  @Test
  void whatGoesAheadOfTheCutNeverChangesWhatTheEpochHolds() throws Exception {
    ahead(new SplittableRandom(5), 0, 12);
  }

  @Test
  void norDoesItOverALinkThatLosesRepeatsAndFlipsBits() throws Exception {
    ahead(new SplittableRandom(6), 0.05, 8);
  }

  /** A writer that writes while the sender looks, sends ahead, and cuts. */
  private void ahead(SplittableRandom writer, double harm, int epochs) throws Exception {
    early = Early.ON;
    epoch = Duration.ofMillis(40);
    aheadOnce(writer, harm, epochs);
    while (wentAhead.get() == 0 && epoch.compareTo(Duration.ofSeconds(2)) < 0) {
      epoch = epoch.multipliedBy(4); // on a busy machine nobody has time to look between two cuts
      temp = Files.createDirectory(temp.resolve("slower"));
      aheadOnce(writer, harm, epochs);
    }
    assertThat(wentAhead.get()).as("pages ahead").isPositive();
    if (harm == 0) {
      assertThat(held.get()).as("of them held").isBetween(1, wentAhead.get() - 1);
    }
  }

  private void aheadOnce(SplittableRandom writer, double harm, int epochs) throws Exception {
    Path image = temp.resolve("disk.raw");
    clock =
        () -> {
          if (Files.exists(image) && writer.nextInt(3) == 0) {
            scribble(image, writer);
          }
          return Instant.now();
        };
    run(5, harm, Optional.empty(), epochs);
  }

  @Test
  void theNetworksShareIsKeptUnderLoad() throws Exception {
    // The first transfer alone is 1.2 MB of noise.
    pace = new Pace(1e6, 1, () -> 0);
    Instant start = Instant.now();
    run(4, 0, Optional.empty(), 1);
    assertThat(Duration.between(start, Instant.now())).isGreaterThan(Duration.ofMillis(900));
  }

  private void readBack() {
    try {
      readBack.complete(receiving.orElseThrow().read(new int[] {0}, Duration.ofMinutes(2)));
    } catch (InterruptedException e) {
      readBack.completeExceptionally(e);
    }
  }

  private boolean isBeingRead() {
    return !verifying && !readBack.isDone();
  }

  private static void pause() {
    try {
      Thread.sleep(100);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private SenderSettings settings() {
    return new SenderSettings(
        epoch,
        Duration.ofMillis(60),
        Duration.ofMillis(400),
        16,
        4,
        SenderSettings.Untouched.LAST,
        early);
  }

  /** Is called while the state is held; nobody writes then. */
  private QuietHook noting(Path image) {
    return new QuietHook() {
      @Override
      public boolean quiet() {
        atTheCut = read(image);
        return true;
      }

      @Override
      public void goOn() {}
    };
  }

  private void run(long seed, double harm, Optional<FrameKey> key, int epochs) throws Exception {
    Path image = temp.resolve("disk.raw");
    Path copy = temp.resolve("copy");
    SplittableRandom random = new SplittableRandom(seed);
    byte[] content = new byte[300 * 4096 + 77];
    random.nextBytes(content);
    Files.write(image, content);
    Map<Long, byte[]> states = new ConcurrentSkipListMap<>();
    LoopLink[] links = LoopLink.pair(seed, harm);
    try (LiveFiles source = LiveFiles.open(List.of(image), RegionKind.DISK, noting(image));
        ScratchFile scratch = ScratchFile.in(temp);
        DirectorySink sink = DirectorySink.on(copy, Retention.DEFAULT)) {
      CutTaker taker =
          new CutTaker(
              source,
              scratch.pages(source.layout()),
              scratch,
              CutSettings.DEFAULT,
              InstantSource.system());
      Semaphore acks = new Semaphore(0);
      SenderListener listener =
          new SenderListener() {
            @Override
            public void wentAhead(long epoch, WentAhead ahead) {
              wentAhead.addAndGet(ahead.pages());
              held.addAndGet(ahead.held());
            }

            @Override
            public void acked(long epoch, Cut cut, Duration sinceCut, long bytes) {
              states.put(epoch, atTheCut);
              write(image, random);
              if (epoch == 5) {
                flipIn.ifPresent(SyncTest::flip);
                if (!verifying) {
                  Thread.ofVirtual().start(() -> readBack());
                }
              }
              if (epoch >= epochs && isBeingRead()) {
                pause(); // its answer may need more epochs, but not as many as there is time for
              }
              acks.release();
            }
          };
      SyncSender sender =
          new SyncSender(
              VmId.of("vm-1"),
              taker,
              new LearnedCoding(Prices.link(1e8), new AtomicLong()::incrementAndGet),
              links[0],
              key,
              settings(),
              pace,
              new Random(seed),
              clock,
              listener);
      SyncReceiver receiver =
          new SyncReceiver(
              sink,
              new LearnedCoding(Prices.link(1e8), new AtomicLong()::incrementAndGet),
              links[1],
              key,
              EscalationPolicy.DEFAULT,
              new Random(seed + 1),
              new ReceiverListener() {
                @Override
                public void rotten(int count) {
                  rotten.addAndGet(count);
                }
              });
      receiving = Optional.of(receiver);
      if (flipIn.isPresent() && verifying) {
        receiver.verifying(1e9, InstantSource.system());
      }
      BlockingQueue<Throwable> broken = new LinkedBlockingQueue<>();
      Thread there = start(receiver::run, broken);
      Thread here = start(sender::run, broken);
      boolean done = acks.tryAcquire(epochs, 240, TimeUnit.SECONDS);
      for (int i = 0; i < 1_200 && done && isBeingRead(); i++) {
        pause();
      }
      sender.stop();
      here.join();
      receiver.stop();
      there.join();
      if (!broken.isEmpty()) {
        throw new AssertionError("seed " + seed, broken.element());
      }
      assertThat(done).isTrue();
    }
    verify(copy, states);
  }

  private void verify(Path copy, Map<Long, byte[]> states) throws IOException {
    DirectoryStatus status = DirectoryStatus.read(copy);
    assertThat(
            status.kept().stream().map(kept -> kept.manifest().epoch()).collect(Collectors.toSet()))
        .containsAll(states.keySet());
    ImageRestore restore = ImageRestore.from(copy);
    Region region = restore.layout().regions().getFirst();
    for (Map.Entry<Long, byte[]> state : states.entrySet()) {
      Path to = temp.resolve("restored-" + state.getKey());
      restore.restore(state.getKey(), region, to);
      assertThat(Files.readAllBytes(to)).as("epoch %d", state.getKey()).isEqualTo(state.getValue());
    }
  }

  /** Somebody or something changes the copy behind the receiver's back. */
  private static void flip(Path image) {
    try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
      file.seek(5);
      int value = file.read();
      file.seek(5);
      file.write(value ^ 16);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static byte[] read(Path image) {
    try {
      return Files.readAllBytes(image);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void write(Path image, SplittableRandom random) {
    try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
      for (int writes = random.nextInt(40); writes > 0; writes--) {
        byte[] bytes = new byte[1 + random.nextInt(9000)];
        random.nextBytes(bytes);
        // The first page stays as it is; one test lets it rot in the copy.
        file.seek(4096 + random.nextLong(file.length() - bytes.length - 4096));
        file.write(bytes);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Some noise, or what was there before, in one of a few pages. */
  private static void scribble(Path image, SplittableRandom random) {
    try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
      file.seek(4096L * (1 + random.nextInt(60)) + 7);
      file.write(random.nextInt(3) == 0 ? 0 : random.nextInt(256));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Thread start(Running running, BlockingQueue<Throwable> broken) {
    return Thread.ofPlatform()
        .start(() -> {
          try {
            running.run();
          } catch (Exception | Error e) {
            broken.add(e);
          }
        });
  }

  private interface Running {
    void run() throws Exception;
  }
}
