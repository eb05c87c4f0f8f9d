package io.penumbra.adapter.brokers;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.penumbra.domain.VmId;
import io.penumbra.sync.encode.Prices;
import io.penumbra.sync.engine.LearnedCoding;
import io.penumbra.sync.engine.Pace;
import io.penumbra.sync.engine.ReceiverListener;
import io.penumbra.sync.engine.SenderListener;
import io.penumbra.sync.engine.SyncReceiver;
import io.penumbra.sync.engine.SyncSender;
import io.penumbra.sync.epoch.EpochManifest;
import io.penumbra.sync.epoch.RegionKind;
import io.penumbra.sync.file.DirectorySink;
import io.penumbra.sync.file.ImageRestore;
import io.penumbra.sync.file.LiveFiles;
import io.penumbra.sync.file.QuietHook;
import io.penumbra.sync.file.Retention;
import io.penumbra.sync.file.ScratchFile;
import io.penumbra.sync.frame.FrameKey;
import io.penumbra.sync.route.RouteLink;
import io.penumbra.sync.route.RouteSettings;
import io.penumbra.sync.scan.Cut;
import io.penumbra.sync.scan.CutSettings;
import io.penumbra.sync.scan.CutTaker;
import io.penumbra.sync.session.EscalationPolicy;
import io.penumbra.sync.session.SenderSettings;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** An image that changes, a sender of it, and receivers, whatever carries the frames. */
final class Replication implements AutoCloseable {

  private static final Optional<FrameKey> KEY = Optional.of(FrameKey.of(new byte[FrameKey.BYTES]));
  private static final int IMAGE_BYTES = 400 * 4096 + 77;

  private final Path directory;
  private final Path image;
  private final SplittableRandom random = new SplittableRandom(21);
  private final BlockingQueue<Long> acked = new LinkedBlockingQueue<>();
  private final BlockingQueue<Throwable> broken = new LinkedBlockingQueue<>();
  private final List<AutoCloseable> opened = new ArrayList<>();

  Replication(Path directory) throws IOException {
    this.directory = directory;
    byte[] content = new byte[IMAGE_BYTES];
    random.nextBytes(content);
    image = Files.write(directory.resolve("disk.raw"), content);
  }

  /** Starts to send. */
  void send(String out, String in) throws IOException {
    RouteLink link =
        open(RouteLink.open(RouteSettings.sender(out, in), Map.of(), new SimpleMeterRegistry()));
    LiveFiles source = open(LiveFiles.open(List.of(image), RegionKind.DISK, QuietHook.NONE));
    ScratchFile scratch = open(ScratchFile.in(directory));
    CutTaker taker =
        new CutTaker(
            source,
            scratch.pages(source.layout()),
            scratch,
            CutSettings.DEFAULT,
            InstantSource.system());
    SyncSender sender =
        new SyncSender(
            VmId.of("vm-1"),
            taker,
            coding(),
            link,
            KEY,
            SenderSettings.every(Duration.ofMillis(100)),
            Pace.unlimited(),
            new SecureRandom(),
            InstantSource.system(),
            new SenderListener() {
              @Override
              public void acked(long epoch, Cut cut, Duration sinceCut, long bytes) {
                acked.add(epoch);
              }
            });
    start(sender::run, sender::stop);
  }

  /** Starts to receive into a directory of that name; the epochs that it has committed. */
  BlockingQueue<Long> receive(String name, String out, String in) throws IOException {
    BlockingQueue<Long> committed = new LinkedBlockingQueue<>();
    RouteLink link =
        open(RouteLink.open(RouteSettings.receiver(out, in), Map.of(), new SimpleMeterRegistry()));
    DirectorySink sink = open(DirectorySink.on(directory.resolve(name), Retention.DEFAULT));
    SyncReceiver receiver =
        new SyncReceiver(
            sink,
            coding(),
            link,
            KEY,
            EscalationPolicy.DEFAULT,
            new SecureRandom(),
            new ReceiverListener() {
              @Override
              public void committed(EpochManifest manifest, int pages) {
                committed.add(manifest.epoch());
              }
            });
    start(receiver::run, receiver::stop);
    return committed;
  }

  private static LearnedCoding coding() {
    return new LearnedCoding(Prices.link(1e8), new AtomicLong()::incrementAndGet);
  }

  private void start(Running running, Runnable stop) {
    Thread thread =
        Thread.ofPlatform()
            .daemon()
            .start(() -> {
              try {
                running.run();
              } catch (Exception | Error e) {
                broken.add(e);
              }
            });
    opened.add(() -> {
      stop.run();
      thread.join(Duration.ofSeconds(10));
    });
  }

  /** Changes some pages. */
  void write() throws IOException {
    try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
      for (int writes = 0; writes < 20; writes++) {
        byte[] bytes = new byte[1 + random.nextInt(9000)];
        random.nextBytes(bytes);
        file.seek(random.nextLong(file.length() - bytes.length));
        file.write(bytes);
      }
    }
  }

  /** Waits for the next ack. */
  long acked() throws InterruptedException {
    Long epoch = acked.poll(120, TimeUnit.SECONDS);
    assertThat(broken).isEmpty();
    assertThat(epoch).as("an epoch acked within 120 s").isNotNull();
    return epoch == null ? 0 : epoch;
  }

  /** Writes, and waits until a cut that was taken after that has been acked. */
  long settled() throws IOException, InterruptedException {
    write();
    acked.clear();
    acked();
    return acked();
  }

  /** What a receiver would restore of an epoch is what the image is now. */
  void assertIdentical(String name, long epoch) throws IOException {
    ImageRestore restore = ImageRestore.from(directory.resolve(name));
    Path restored = directory.resolve(name + "-restored-" + epoch);
    restore.restore(epoch, restore.layout().regions().getFirst(), restored);
    assertThat(Files.mismatch(restored, image))
        .as("first difference in epoch %d", epoch)
        .isNegative();
  }

  private <T extends AutoCloseable> T open(T resource) {
    opened.add(resource);
    return resource;
  }

  @Override
  public void close() {
    for (AutoCloseable resource : opened.reversed()) {
      try {
        resource.close();
      } catch (Exception e) {
        throw new IllegalStateException("could not close " + resource, e);
      }
    }
  }

  /** What a thread does. */
  private interface Running {
    void run() throws Exception;
  }
}
