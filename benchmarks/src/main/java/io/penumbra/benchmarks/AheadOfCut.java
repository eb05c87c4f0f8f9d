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
import io.penumbra.sync.engine.WentAhead;
import io.penumbra.sync.file.DirectorySink;
import io.penumbra.sync.file.Retention;
import io.penumbra.sync.file.ScratchFile;
import io.penumbra.sync.path.tcp.TcpListener;
import io.penumbra.sync.path.tcp.TcpPath;
import io.penumbra.sync.route.PathsLink;
import io.penumbra.sync.route.RouteLink;
import io.penumbra.sync.scan.Cut;
import io.penumbra.sync.scan.CutSettings;
import io.penumbra.sync.scan.CutTaker;
import io.penumbra.sync.session.Early;
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
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;

/**
 * What sending ahead of the cut brings to whole epochs: from cut to ack, bytes after the cut, all
 * bytes and processor time, with and without it in turn in one process. A guest writes evenly
 * between cuts: either it fills pages it leaves alone then, where it can help, or it writes the
 * same pages over and over, where it can't.
 *
 * <pre>
 * benchmarks/run ahead [EPOCHS [MIB [PAGES_PER_EPOCH]]]
 * </pre>
 */
public final class AheadOfCut implements SenderListener {

  private static final Duration EPOCH = Duration.ofMillis(250);
  private static final int WARM_UP = 10;
  private static final double SLOW = 25e6;

  private final WritingGuest guest;
  private final int epochs;
  private final List<Long> nanos = new ArrayList<>();
  private final CountDownLatch done = new CountDownLatch(1);
  private long bytesAfter;
  private long bytesAhead;
  private long pagesAhead;
  private long pagesHeld;
  private long pagesLeft;
  private long looked;
  private long cpu;
  private WentAhead ahead = new WentAhead(false, 0, 0, 0, 0);

  private AheadOfCut(WritingGuest guest, int epochs) {
    this.guest = guest;
    this.epochs = epochs;
  }

  private static int number(String[] arguments, int index, int otherwise) {
    return arguments.length > index ? Integer.parseInt(arguments[index]) : otherwise;
  }

  /** Runs all combinations. */
  public static void main(String... arguments) throws Exception {
    int epochs = number(arguments, 0, 80);
    long bytes = (long) number(arguments, 1, 256) << 20;
    int pages = number(arguments, 2, 1000);
    // The first run warms the code up and is not told.
    run(bytes, true, WritingGuest.Kind.FILLS, Double.POSITIVE_INFINITY, Early.ON, pages, 30);
    for (boolean tracked : new boolean[] {true, false}) {
      for (WritingGuest.Kind kind : WritingGuest.Kind.values()) {
        for (double rate : new double[] {Double.POSITIVE_INFINITY, SLOW}) {
          System.out.printf(
              Locale.ROOT,
              "%s, guest %s, %s%n",
              tracked ? "tracked" : "compared",
              kind.name().toLowerCase(Locale.ROOT),
              Double.isInfinite(rate) ? "loopback" : "%.0f MB/s at most".formatted(rate / 1e6));
          for (Early early : List.of(Early.OFF, Early.AUTO, Early.ON)) {
            run(bytes, tracked, kind, rate, early, pages, epochs).report(early);
          }
        }
      }
    }
  }

  private static AheadOfCut run(
      long bytes,
      boolean tracked,
      WritingGuest.Kind kind,
      double rate,
      Early early,
      int pages,
      int epochs)
      throws Exception {
    Path work = Files.createTempDirectory(Path.of("/dev/shm"), "penumbra-bench");
    int perSecond = (int) (pages * 1000L / EPOCH.toMillis());
    try (WritingGuest guest = new WritingGuest(bytes, tracked, kind, perSecond)) {
      AheadOfCut run = new AheadOfCut(guest, epochs);
      run.run(work, rate, early);
      return run;
    } finally {
      Scratch.delete(work);
    }
  }

  private void run(Path work, double rate, Early early) throws Exception {
    TcpListener listener =
        TcpListener.at(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    PageCoding coding =
        new LearnedCoding(
            Prices.link(Math.min(rate, 125e6)),
            ManagementFactory.getThreadMXBean()::getCurrentThreadCpuTime);
    // The first transfer is not held to the rate: it is none of the question.
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
              sink,
              coding,
              there,
              Optional.empty(),
              EscalationPolicy.DEFAULT,
              new SecureRandom(),
              new ReceiverListener() {});
      SyncSender sender =
          new SyncSender(
              VmId.of("bench"),
              taker,
              coding,
              here,
              Optional.empty(),
              SenderSettings.every(EPOCH).within(rate).with(early),
              Double.isInfinite(rate) ? Pace.unlimited() : new Pace(rate, 1, () -> 0),
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
  public void wentAhead(long epoch, WentAhead went) {
    ahead = went;
  }

  @Override
  public void acked(long epoch, Cut cut, Duration sinceCut, long bytes) {
    if (epoch == 1) {
      guest.start();
    } else if (epoch == WARM_UP) {
      cpu = -cpu();
    } else if (epoch > WARM_UP && epoch <= WARM_UP + epochs) {
      nanos.add(sinceCut.toNanos());
      bytesAfter += bytes;
      bytesAhead += ahead.bytes();
      pagesAhead += ahead.pages();
      pagesHeld += ahead.held();
      pagesLeft += ahead.left();
      looked += ahead.on() ? 1 : 0;
    }
    if (epoch == WARM_UP + epochs) {
      cpu += cpu();
      done.countDown();
    }
  }

  private static long cpu() {
    return ProcessHandle.current().info().totalCpuDuration().orElseThrow().toNanos();
  }

  private void report(Early early) {
    long[] sorted = nanos.stream().mapToLong(Long::longValue).sorted().toArray();
    double count = sorted.length;
    System.out.printf(
        Locale.ROOT,
        "  %-4s cut to ack p50 %6.1f ms, p99 %6.1f ms; KB after the cut %,6.0f, in all %,6.0f;"
            + " pages after it %,5.0f, ahead %,5.0f, held %3.0f %%; looked in %3.0f %% of epochs;"
            + " CPU %5.1f ms an epoch%n",
        early.name().toLowerCase(Locale.ROOT),
        sorted[sorted.length / 2] / 1e6,
        sorted[sorted.length * 99 / 100] / 1e6,
        bytesAfter / count / 1e3,
        (bytesAfter + bytesAhead) / count / 1e3,
        pagesLeft / count,
        pagesAhead / count,
        100.0 * (double) pagesHeld / (double) Math.max(1, pagesAhead),
        100.0 * (double) looked / count,
        cpu / count / 1e6);
  }

  /** What a thread does. */
  private interface Work {
    void run() throws IOException, InterruptedException;
  }
}
