package io.penumbra.benchmarks;

import io.penumbra.adapter.qemu.capture.CaptureSettings;
import io.penumbra.adapter.qemu.capture.QemuSource;
import io.penumbra.adapter.qemu.dirty.TrackingLibrary;
import io.penumbra.adapter.qemu.guest.GuestHome;
import io.penumbra.adapter.qemu.guest.GuestSpec;
import io.penumbra.adapter.qemu.guest.LaunchSettings;
import io.penumbra.adapter.qemu.guest.PortForward;
import io.penumbra.adapter.qemu.guest.QemuGuest;
import io.penumbra.adapter.qemu.image.LabGuest;
import io.penumbra.adapter.qemu.qmp.QmpClient;
import io.penumbra.adapter.qemu.qmp.QmpCommand;
import io.penumbra.domain.VmId;
import io.penumbra.sync.file.ScratchFile;
import io.penumbra.sync.scan.Cut;
import io.penumbra.sync.scan.CutSettings;
import io.penumbra.sync.scan.CutTaker;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * For how long a guest stands still for an epoch, while a client writes to its Redis all the time:
 * with pages told by the kernel, with pages found by comparing, and beside what can't be less
 * (saving the devices alone) and what QEMU itself offers ({@code migrate} to a file, {@code
 * savevm}). Half of the guest's memory is filled first. All in one run, one after the other in
 * turns.
 */
public final class GuestPause {

  private static final Duration PATIENCE = Duration.ofMinutes(5);
  private static final String TRACKED = "tracked";
  private static final int GUEST_RUNS_MS = 60;
  private static final int OWN_ROUNDS = 2;

  private final QemuGuest guest;
  private final Path directory;
  private final Map<String, List<Double>> times = new LinkedHashMap<>();

  private GuestPause(QemuGuest guest, Path directory) {
    this.guest = guest;
    this.directory = directory;
  }

  /**
   * Takes sizes of guests in MiB. With the word {@code tracked} before them it leaves out what
   * touches all memory, which takes seconds each time, and gigabytes more, where guests are large.
   */
  public static void main(String... args) throws IOException, InterruptedException {
    boolean trackedOnly = args.length > 0 && args[0].equals(TRACKED);
    List<Integer> sizes =
        Arrays.stream(args).filter(word -> !word.equals(TRACKED)).map(Integer::parseInt).toList();
    for (int mib : sizes.isEmpty() ? List.of(256, 1024, 4096) : sizes) {
      measure(mib, trackedOnly);
    }
  }

  private static void measure(int mib, boolean trackedOnly)
      throws IOException, InterruptedException {
    Path cache = TrackingLibrary.usualCache();
    LabGuest image = LabGuest.in(cache).orThrow();
    Path directory = Files.createTempDirectory(Path.of("/dev/shm"), "pn-pause-");
    GuestSpec spec =
        GuestSpec.of(VmId.of("pause"), mib, image.redis())
            .withForwards(List.of(PortForward.toGuest(LabGuest.REDIS_PORT)));
    QemuGuest guest =
        QemuGuest.launch(
                spec,
                GuestHome.in(directory.resolve("guest")),
                LaunchSettings.DEFAULT.withTracking(TrackingLibrary.in(cache).orThrow()))
            .orThrow();
    try {
      GuestPause pause = new GuestPause(guest, directory);
      Thread writer = pause.load(mib);
      if (trackedOnly) {
        pause.tracked(200);
      } else {
        pause.ourWays(mib >= 2048 ? 60 : 200);
        pause.qemusWays();
      }
      writer.interrupt();
      pause.report(mib);
    } finally {
      guest.destroy(PATIENCE).orThrow();
      Scratch.delete(directory);
    }
  }

  /** Fills half of the memory, then writes keys for as long as it is let. */
  private Thread load(int mib) throws IOException, InterruptedException {
    int port = guest.hostPort(LabGuest.REDIS_PORT).orElseThrow();
    long until = System.nanoTime() + PATIENCE.toNanos();
    while (true) {
      try (Client client = new Client(port)) {
        if (client.ask("PING").equals("+PONG")) {
          for (int i = 0; i < mib / 2; i++) {
            client.ask("SETRANGE", "fill-" + i, "1048575", "x");
          }
          break;
        }
      } catch (IOException e) {
        if (System.nanoTime() > until) {
          throw e;
        }
        Thread.sleep(5);
      }
    }
    return Thread.ofPlatform()
        .daemon()
        .start(() -> {
          try (Client client = new Client(port)) {
            for (int i = 0; !Thread.interrupted(); i++) {
              client.ask("SET", "key-" + i % 100_000, "value-" + i);
            }
          } catch (IOException _) {
            // The guest has been ended.
          }
        });
  }

  private void ourWays(int rounds) throws IOException, InterruptedException {
    CaptureSettings usual = CaptureSettings.DEFAULT;
    try (QemuSource tracked = QemuSource.open(guest, usual).orThrow();
        QemuSource compared = QemuSource.open(guest, usual.comparing()).orThrow();
        QemuSource migrated = QemuSource.open(guest, usual.comparing().migrating()).orThrow();
        ScratchFile scratch = ScratchFile.in(Path.of("/dev/shm"))) {
      tracked.whyNotTracked().ifPresent(why -> System.out.println("NOT TRACKED: " + why));
      CutTaker tracking = taker(tracked, scratch);
      CutTaker comparing = taker(compared, scratch);
      cut("first epoch, tracked", tracking, tracked);
      cut("first epoch, compared", comparing, compared);
      for (int round = -rounds / 4; round < rounds; round++) {
        if (round == 0) {
          // Compilers have had their time.
          times.keySet().removeIf(what -> !what.startsWith("first"));
        }
        hold("devices alone", compared);
        cut("epoch, pages told by the kernel", tracking, tracked);
        hold("devices alone, by a migration to a socket", migrated);
        cut("epoch, pages found by comparing", comparing, compared);
      }
    }
  }

  private void tracked(int rounds) throws IOException, InterruptedException {
    CaptureSettings usual = CaptureSettings.DEFAULT;
    try (QemuSource tracked = QemuSource.open(guest, usual).orThrow();
        QemuSource migrated = QemuSource.open(guest, usual.comparing().migrating()).orThrow();
        ScratchFile scratch = ScratchFile.in(Path.of("/dev/shm"))) {
      tracked.whyNotTracked().ifPresent(why -> System.out.println("NOT TRACKED: " + why));
      CutTaker tracking = taker(tracked, scratch);
      cut("first epoch, tracked", tracking, tracked);
      for (int round = -rounds / 4; round < rounds; round++) {
        if (round == 0) {
          // Compilers have had their time.
          times.keySet().removeIf(what -> !what.startsWith("first"));
        }
        hold("devices alone, by a migration to a socket", migrated);
        cut("epoch, pages told by the kernel", tracking, tracked);
      }
    }
  }

  private static CutTaker taker(QemuSource source, ScratchFile scratch) {
    return new CutTaker(
        source,
        scratch.pages(source.layout()),
        scratch,
        CutSettings.DEFAULT,
        InstantSource.system());
  }

  private void hold(String what, QemuSource source) throws InterruptedException {
    Thread.sleep(GUEST_RUNS_MS);
    source.hold().close();
    add(what, source.lastPause().orElseThrow().total());
  }

  private void cut(String what, CutTaker taker, QemuSource source) throws InterruptedException {
    Thread.sleep(GUEST_RUNS_MS);
    Cut cut = taker.take();
    taker.accept(cut);
    add(what, source.lastPause().orElseThrow().total());
    if (!what.startsWith("first")) {
      times
          .computeIfAbsent("pages of " + what, _ -> new ArrayList<>())
          .add((double) cut.pages().length);
    }
  }

  private void add(String what, Duration time) {
    times.computeIfAbsent(what, _ -> new ArrayList<>()).add(time.toNanos() / 1e6);
  }

  private void qemusWays() throws IOException, InterruptedException {
    QmpClient qmp = guest.qmp();
    QmpCommand whole = QmpCommand.of("migrate-set-capabilities");
    whole
        .arguments()
        .putArray("capabilities")
        .addObject()
        .put("capability", "x-ignore-shared")
        .put("state", false);
    qmp.execute(whole).orThrow();
    // Its usual limit of 128 MiB/s is not what is measured here.
    qmp.execute(QmpCommand.of("migrate-set-parameters").with("max-bandwidth", 1L << 40)).orThrow();
    Path file = directory.resolve("whole");
    for (int i = 0; i < OWN_ROUNDS; i++) {
      Thread.sleep(GUEST_RUNS_MS);
      long start = System.nanoTime();
      qmp.execute("stop").orThrow();
      qmp.execute(QmpCommand.of("migrate").with("uri", "exec:cat > " + file)).orThrow();
      String status = "";
      while (!status.equals("completed") && !status.equals("failed")) {
        Thread.sleep(1);
        status = qmp.execute("query-migrate").orThrow().path("status").asText();
      }
      qmp.execute("cont").orThrow();
      add("QEMU's migrate to a file, guest stopped", Duration.ofNanos(System.nanoTime() - start));
      Files.delete(file);
    }
    saveVm(qmp);
  }

  private void saveVm(QmpClient qmp) throws IOException, InterruptedException {
    Path disk = directory.resolve("snapshots.qcow2");
    Process create =
        new ProcessBuilder("qemu-img", "create", "-q", "-f", "qcow2", disk.toString(), "16G")
            .inheritIO()
            .start();
    if (create.waitFor() != 0) {
      return;
    }
    QmpCommand add =
        QmpCommand.of("blockdev-add").with("driver", "qcow2").with("node-name", "snap");
    add.arguments().putObject("file").put("driver", "file").put("filename", disk.toString());
    qmp.execute(add).orThrow();
    for (int i = 0; i < OWN_ROUNDS; i++) {
      Thread.sleep(GUEST_RUNS_MS);
      long start = System.nanoTime();
      QmpCommand save =
          QmpCommand.of("human-monitor-command").with("command-line", "savevm epoch" + i);
      String said = qmp.execute(save, PATIENCE).orThrow().asText();
      if (!said.isBlank()) {
        System.out.println("savevm: " + said.strip());
        return;
      }
      add("QEMU's savevm", Duration.ofNanos(System.nanoTime() - start));
    }
  }

  private void report(int mib) {
    double floor = percentile("devices alone, by a migration to a socket", 0.5);
    System.out.printf(
        "%n%d MiB, one virtual CPU, emulated; milliseconds%n%-48s %8s %8s %8s %6s %s%n",
        mib, "", "p50", "p99", "most", "n", "p50 / devices by migration");
    times.forEach((what, all) ->
        System.out.printf(
            "%-48s %8.2f %8.2f %8.2f %6d %s%n",
            what,
            percentile(what, 0.5),
            percentile(what, 0.99),
            percentile(what, 1),
            all.size(),
            what.startsWith("pages") ? "" : "%.2f".formatted(percentile(what, 0.5) / floor)));
  }

  private double percentile(String what, double share) {
    List<Double> sorted = times.getOrDefault(what, List.of()).stream().sorted().toList();
    return sorted.isEmpty()
        ? Double.NaN
        : sorted.get((int) Math.min(sorted.size() - 1, Math.floor(share * sorted.size())));
  }

  /** Asks a Redis, one question at a time. */
  private static final class Client implements AutoCloseable {

    private final Socket socket;
    private final InputStream in;
    private final OutputStream out;

    Client(int port) throws IOException {
      socket = new Socket(InetAddress.getLoopbackAddress(), port);
      socket.setTcpNoDelay(true);
      socket.setSoTimeout(10_000);
      in = new BufferedInputStream(socket.getInputStream());
      out = socket.getOutputStream();
    }

    /** The first line of the answer. */
    String ask(String... words) throws IOException {
      StringBuilder request = new StringBuilder("*" + words.length + "\r\n");
      for (String word : words) {
        request.append('$').append(word.length()).append("\r\n").append(word).append("\r\n");
      }
      out.write(request.toString().getBytes(StandardCharsets.ISO_8859_1));
      StringBuilder line = new StringBuilder();
      int next = in.read();
      while (next != '\n') {
        if (next < 0) {
          throw new IOException("the connection was closed");
        }
        line.append((char) next);
        next = in.read();
      }
      return line.toString().strip();
    }

    @Override
    public void close() throws IOException {
      socket.close();
    }
  }
}
