package io.penumbra.benchmarks;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.RandomAccessFile;
import java.lang.ProcessBuilder.Redirect;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How much memory {@code penumbra sync send} and {@code receive} take, each a process of its own as
 * an operator starts them: the peak of what is theirs alone (anonymous memory) and of what the
 * kernel keeps for them of files and gives back when it needs to, and what the JVM says of it. The
 * image is noise; in every epoch 1,000 of its pages change.
 *
 * <pre>
 * benchmarks/run footprint [MIB...]
 * </pre>
 */
public final class Footprint {

  private static final int EPOCHS = 15;
  private static final int PAGES = 1000;
  private static final long DEADLINE_NANOS = Duration.ofMinutes(8).toNanos();
  private static final Pattern COMMITTED =
      Pattern.compile(
          "(Total|Java Heap|Other|Thread|Class|Code|GC|Metaspace)[ :(].*?committed=(\\d+)KB");

  private Footprint() {}

  /** Measures images of these sizes. */
  public static void main(String... arguments) throws Exception {
    List<String> sizes = arguments.length == 0 ? List.of("256", "4096") : List.of(arguments);
    System.out.println(
        "image MiB  process    peak RSS  anonymous     files  /dev/shm"
            + "   heap committed  off the heap  JVM's own");
    for (String size : sizes) {
      measure(Long.parseLong(size));
    }
  }

  private static void measure(long mib) throws Exception {
    Path work = Files.createTempDirectory("penumbra-footprint");
    List<Process> started = new ArrayList<>();
    try {
      Path image = work.resolve("disk.raw");
      fill(image, mib << 20);
      int port = freePort();
      Process receiver =
          start(started, work, "receive", "--dir", work + "/copy", "--listen", "127.0.0.1:" + port);
      Process sender =
          start(
              started,
              work,
              "send",
              image.toString(),
              "--to",
              "127.0.0.1:" + port,
              "--work",
              work.toString(),
              "--epochs",
              Integer.toString(EPOCHS));
      Peak sent = new Peak(sender);
      Peak received = new Peak(receiver);
      watch(image, sender, sent, received);
      received.ask();
      sent.print(mib, "sender");
      received.print(mib, "receiver");
    } finally {
      started.forEach(Process::destroyForcibly);
      for (Process process : started) {
        process.waitFor();
      }
      Scratch.delete(work);
    }
  }

  /** Samples both until the sender is done; writes to the image once the first epoch is there. */
  private static void watch(Path image, Process sender, Peak sent, Peak received)
      throws IOException, InterruptedException {
    long start = System.nanoTime();
    SplittableRandom random = new SplittableRandom(11);
    int round = 0;
    try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
      while (sender.isAlive() && System.nanoTime() - start < DEADLINE_NANOS) {
        sent.sample();
        received.sample();
        if (++round % 5 == 0) {
          write(file, random);
        }
        if (round % 10 == 0) {
          sent.ask();
        }
        Thread.sleep(100);
      }
    }
    if (sender.isAlive()) {
      throw new IOException("the sender was not done in time");
    }
  }

  private static void write(RandomAccessFile file, SplittableRandom random) throws IOException {
    byte[] bytes = new byte[64];
    for (int i = 0; i < PAGES / 2; i++) {
      random.nextBytes(bytes);
      file.seek(random.nextLong(file.length() / 64) * 64);
      file.write(bytes);
    }
  }

  private static void fill(Path image, long bytes) throws IOException {
    SplittableRandom random = new SplittableRandom(3);
    byte[] piece = new byte[1 << 20];
    try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
      for (long at = 0; at < bytes; at += piece.length) {
        random.nextBytes(piece);
        file.write(piece);
      }
    }
  }

  private static Process start(
      List<Process> started, Path work, String command, String... arguments) throws IOException {
    List<String> line =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseParallelGC",
                "-XX:MaxNewSize=64m",
                "-XX:NativeMemoryTracking=summary",
                "--add-modules",
                "jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-cp",
                System.getProperty("java.class.path"),
                "io.penumbra.app.Penumbra",
                "sync",
                command));
    line.addAll(List.of(arguments));
    Process process =
        new ProcessBuilder(line)
            .redirectErrorStream(true)
            .redirectOutput(Redirect.to(work.resolve(command + ".log").toFile()))
            .start();
    started.add(process);
    return process;
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  /** The most that was seen of each kind of memory of one process, in KiB. */
  private static final class Peak {

    private final Process process;
    private final Map<String, Long> most = new TreeMap<>();
    private Map<String, Long> jvm = new TreeMap<>();

    Peak(Process process) {
      this.process = process;
    }

    void sample() {
      try {
        for (String line : Files.readAllLines(Path.of("/proc/" + process.pid() + "/status"))) {
          if (line.startsWith("Rss") || line.startsWith("VmHWM")) {
            String name = line.substring(0, line.indexOf(':'));
            most.merge(name, Long.parseLong(line.replaceAll("\\D", "")), Math::max);
          }
        }
      } catch (IOException e) {
        // It has ended.
      }
    }

    /** What its JVM has committed, by its own account. */
    void ask() throws IOException, InterruptedException {
      Process jcmd =
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "jcmd").toString(),
                  Long.toString(process.pid()),
                  "VM.native_memory",
                  "summary")
              .redirectErrorStream(true)
              .start();
      Map<String, Long> told = new TreeMap<>();
      try (BufferedReader lines =
          new BufferedReader(
              new InputStreamReader(jcmd.getInputStream(), StandardCharsets.US_ASCII))) {
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
          Matcher found = COMMITTED.matcher(line);
          if (found.find()) {
            told.putIfAbsent(found.group(1), Long.parseLong(found.group(2)));
          }
        }
      }
      if (jcmd.waitFor() == 0 && told.containsKey("Total")) {
        jvm = told;
      }
    }

    private double mib(Map<String, Long> of, String name) {
      return of.getOrDefault(name, 0L) / 1024.0;
    }

    void print(long image, String name) {
      double heap = mib(jvm, "Java Heap");
      double other = mib(jvm, "Other");
      System.out.printf(
          Locale.ROOT,
          "%,9d  %-8s  %,9.0f  %,9.0f  %,8.0f  %,8.0f   %,14.0f  %,12.0f  %,9.0f%n",
          image,
          name,
          mib(most, "VmHWM"),
          mib(most, "RssAnon"),
          mib(most, "RssFile"),
          mib(most, "RssShmem"),
          heap,
          other,
          mib(jvm, "Total") - heap - other);
    }
  }
}
