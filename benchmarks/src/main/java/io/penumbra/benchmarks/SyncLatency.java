package io.penumbra.benchmarks;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.penumbra.domain.VmId;
import io.penumbra.sync.encode.Prices;
import io.penumbra.sync.engine.LearnedCoding;
import io.penumbra.sync.engine.Pace;
import io.penumbra.sync.engine.PageCoding;
import io.penumbra.sync.engine.ReceiverListener;
import io.penumbra.sync.engine.SenderListener;
import io.penumbra.sync.engine.SyncReceiver;
import io.penumbra.sync.engine.SyncSender;
import io.penumbra.sync.epoch.PageSize;
import io.penumbra.sync.file.DirectorySink;
import io.penumbra.sync.file.Retention;
import io.penumbra.sync.file.ScratchFile;
import io.penumbra.sync.frame.FrameKey;
import io.penumbra.sync.path.tcp.TcpListener;
import io.penumbra.sync.path.tcp.TcpPath;
import io.penumbra.sync.route.PathsLink;
import io.penumbra.sync.route.RouteLink;
import io.penumbra.sync.scan.Cut;
import io.penumbra.sync.scan.CutSettings;
import io.penumbra.sync.scan.CutTaker;
import io.penumbra.sync.session.EscalationPolicy;
import io.penumbra.sync.session.SenderSettings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;

/**
 * A guest's memory, both ends in one process over TCP on loopback: first all of it, then epochs one
 * right after the other. Before each cut a number of random pages get 64 new random bytes. Prints
 * cut-to-ack times, changed bytes per second and core, processor time per changed MiB, the memory
 * of the process, both ends and the guest together, and where the time went: the cut, its hold,
 * coding, decoding with hashing and staging, the commit to disk, and what comes after the ack. Once
 * with a tracker that knows what has changed and once by comparing everything, with the copy in
 * memory (/dev/shm) and on disk, with a checksum and with AES-GCM.
 *
 * <pre>
 * benchmarks/run sync [PAGES [EPOCHS [DIRECTORY [MIB]]]]
 * </pre>
 */
public final class SyncLatency implements SenderListener {

  private static final int WARM_UP = 100;

  private final TrackedMemory guest;
  private final int pages;
  private final int epochs;
  private final Stages stages = new Stages();
  private final List<Long> nanos = new ArrayList<>();
  private final CountDownLatch done = new CountDownLatch(1);
  private long bytesSent;
  private long pagesSent;
  private long cpuStart;
  private long wallStart;
  private long cpuEnd;
  private long wallEnd;

  private SyncLatency(TrackedMemory guest, int pages, int epochs) {
    this.guest = guest;
    this.pages = pages;
    this.epochs = epochs;
  }

  /** Runs all combinations. */
  public static void main(String... arguments) throws Exception {
    int pages = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 1000;
    int epochs = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 300;
    Path disk = Path.of(arguments.length > 2 ? arguments[2] : System.getProperty("java.io.tmpdir"));
    long bytes = (arguments.length > 3 ? Long.parseLong(arguments[3]) : 256) << 20;
    for (boolean tracked : new boolean[] {true, false}) {
      for (Path parent : List.of(Path.of("/dev/shm"), disk)) {
        for (boolean encrypted : new boolean[] {false, true}) {
          Path work = Files.createTempDirectory(parent, "penumbra-bench");
          try (TrackedMemory guest = new TrackedMemory(bytes, tracked, false)) {
            Optional<FrameKey> key =
                encrypted ? Optional.of(FrameKey.of(new byte[FrameKey.BYTES])) : Optional.empty();
            SyncLatency run = new SyncLatency(guest, pages, epochs);
            run.run(work, key);
            run.report(
                "%s, copy in %s, %s"
                    .formatted(
                        tracked ? "tracked" : "compared",
                        parent,
                        encrypted ? "AES-GCM" : "checksum"));
          } finally {
            Scratch.delete(work);
          }
        }
      }
    }
  }

  private void run(Path work, Optional<FrameKey> key) throws Exception {
    TcpListener listener =
        TcpListener.at(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    PageCoding coding =
        stages.timed(
            new LearnedCoding(
                Prices.link(125e6), ManagementFactory.getThreadMXBean()::getCurrentThreadCpuTime));
    try (ScratchFile scratch = ScratchFile.in(Path.of("/dev/shm"));
        DirectorySink sink = DirectorySink.on(work, Retention.DEFAULT);
        RouteLink there =
            RouteLink.receiver(
                PathsLink.listen(1, 1, 1, List.of(listener), System::nanoTime),
                new SimpleMeterRegistry());
        RouteLink here =
            RouteLink.sender(
                PathsLink.dial(1, 1, List.of(TcpPath.to(listener.address())), System::nanoTime),
                new SimpleMeterRegistry())) {
      CutTaker taker =
          new CutTaker(
              guest,
              scratch.pages(guest.layout()),
              scratch,
              CutSettings.DEFAULT,
              InstantSource.system());
      SyncReceiver receiver =
          new SyncReceiver(
              stages.timed(sink),
              coding,
              there,
              key,
              EscalationPolicy.DEFAULT,
              new SecureRandom(),
              new ReceiverListener() {});
      SyncSender sender =
          new SyncSender(
              VmId.of("bench"),
              taker,
              coding,
              here,
              key,
              SenderSettings.every(Duration.ZERO),
              Pace.unlimited(),
              new SecureRandom(),
              InstantSource.system(),
              this);
      Thread receiving = Thread.ofPlatform().start(() -> quietly(receiver::run));
      Thread sending = Thread.ofPlatform().start(() -> quietly(sender::run));
      done.await();
      sender.stop();
      sending.join();
      receiver.stop();
      receiving.join();
    }
  }

  private static void quietly(Work work) {
    try {
      work.run();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void cutTaken(long epoch, boolean whole, Cut cut) {
    stages.add("cut", Duration.between(cut.cutAt(), Instant.now()).toNanos());
    stages.add("held", cut.held().toNanos());
  }

  @Override
  public void acked(long epoch, Cut cut, Duration sinceCut, long bytes) {
    if (epoch == WARM_UP) {
      cpuStart = cpu();
      wallStart = System.nanoTime();
      stages.clear();
    } else if (epoch > WARM_UP) {
      nanos.add(sinceCut.toNanos());
      bytesSent += bytes;
      pagesSent += cut.pages().length;
    }
    if (epoch == WARM_UP + epochs) {
      cpuEnd = cpu();
      wallEnd = System.nanoTime();
      done.countDown();
      return;
    }
    guest.write(pages);
  }

  private static long cpu() {
    return ProcessHandle.current().info().totalCpuDuration().orElseThrow().toNanos();
  }

  private void report(String protection) throws IOException {
    long[] sorted = nanos.stream().mapToLong(Long::longValue).sorted().toArray();
    double changed = (double) pagesSent * PageSize.BYTES;
    double cpu = (cpuEnd - cpuStart) / 1e9;
    double wall = (wallEnd - wallStart) / 1e9;
    String peak =
        Files.readAllLines(Path.of("/proc/self/status")).stream()
            .filter(line -> line.startsWith("RssAnon:"))
            .findFirst()
            .orElse("RssAnon: ?");
    System.out.printf(
        Locale.ROOT,
        "%s; %,d epochs of %,.0f pages: cut to ack p50 %.1f ms, p99 %.1f ms;"
            + " %.0f MB/s changed, %.0f MB/s per core; %.1f ms CPU per changed MiB;"
            + " %.2f bytes sent per changed byte; %s%n",
        protection,
        sorted.length,
        (double) pagesSent / sorted.length,
        sorted[sorted.length / 2] / 1e6,
        sorted[sorted.length * 99 / 100] / 1e6,
        changed / wall / 1e6,
        changed / cpu / 1e6,
        cpu * 1e3 / (changed / (1 << 20)),
        bytesSent / changed,
        Arrays.stream(peak.split("\\s+"))
            .skip(1)
            .reduce("anonymous memory", (a, b) -> a + " " + b));
    stages.print(sorted.length);
  }

  /** What a thread does. */
  private interface Work {
    void run() throws IOException, InterruptedException;
  }
}
