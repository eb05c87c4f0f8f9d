package io.penumbra.app.sync;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.app.FreePorts;
import io.penumbra.sync.file.DirectoryStatus;
import io.penumbra.sync.file.ImageRestore;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Both ends as processes of their own, killed without warning while a third one writes. */
class SyncProcessesTest {

  private static final long IMAGE_BYTES = 256L << 20;

  @TempDir private Path temp;

  private final List<Process> started = new ArrayList<>();

  @AfterEach
  void endThem() throws InterruptedException {
    started.forEach(Process::destroyForcibly);
    // Whoever is not gone yet may write into what JUnit removes.
    for (Process process : started) {
      process.waitFor();
    }
  }

  @Test
  void aLiveImageOverThreePathsWithOneCutAndBothEndsKilledEndsIdentical() throws Exception {
    Path image = temp.resolve("disk.raw");
    Path copy = temp.resolve("copy");
    Path key = Files.writeString(temp.resolve("vm.key"), "0123456789abcdef".repeat(4));
    fill(image);
    int[] ports = {FreePorts.next(), FreePorts.next(), FreePorts.next()};
    AtomicBoolean writing = new AtomicBoolean(true);
    try (CutRelay third = new CutRelay(ports[2])) {
      String listen =
          "127.0.0.1:%d,127.0.0.1:%d,127.0.0.1:%d".formatted(ports[0], ports[1], ports[2]);
      String to =
          "127.0.0.1:%d,127.0.0.1:%d,127.0.0.1:%d".formatted(ports[0], ports[1], third.port());
      Process receiver = receive(copy, listen, key);
      Process sender = send(image, to, key);

      // Killed in the middle of the first transfer: what has arrived stays.
      awaitBytes(copy, 20 << 20);
      kill(receiver);
      receiver = receive(copy, listen, key);
      awaitEpoch(copy, 1);

      Thread writer = Thread.ofPlatform().start(() -> write(image, writing));
      awaitEpoch(copy, 3);
      third.cut();
      long before = newest(copy);
      awaitEpoch(copy, before + 2);
      kill(receiver);
      assertThat(newest(copy)).isGreaterThanOrEqualTo(before + 2);
      receive(copy, listen, key);
      awaitEpoch(copy, before + 4);
      kill(sender);
      send(image, to, key);
      awaitEpoch(copy, before + 6);
      writing.set(false);
      writer.join();

      // One cut may have begun before the last write; the one after it has everything.
      awaitEpoch(copy, newest(copy) + 2);
    }
    long last = newest(copy);
    Path restored = temp.resolve("restored.raw");
    ImageRestore restore = ImageRestore.from(copy);
    restore.restore(last, restore.layout().regions().getFirst(), restored);
    assertThat(sha256(restored)).isEqualTo(sha256(image));
  }

  @Test
  void anotherKeyAtTheOtherEndIsSaidAndNothingIsKept() throws Exception {
    Path image = Files.write(temp.resolve("disk.raw"), new byte[100_000]);
    Path copy = temp.resolve("copy");
    int port = FreePorts.next();
    receive(copy, "127.0.0.1:" + port, Files.writeString(temp.resolve("a"), "a0".repeat(32)));
    send(image, "127.0.0.1:" + port, Files.writeString(temp.resolve("b"), "b0".repeat(32)));

    Instant deadline = Instant.now().plusSeconds(120);
    while (!Files.readString(temp.resolve("receive.log")).contains("different keys")) {
      assertThat(Instant.now()).isBefore(deadline);
      Thread.sleep(50);
    }
    assertThat(Files.exists(copy.resolve("state"))).isFalse();
  }

  @Test
  void everyStageOfAnEpochShowsInTheMetricsOfOneEndOrTheOther() throws Exception {
    byte[] content = new byte[100_000];
    new SplittableRandom(13).nextBytes(content);
    Path image = Files.write(temp.resolve("disk.raw"), content);
    Path copy = temp.resolve("copy");
    String address = "127.0.0.1:" + FreePorts.next();
    String there = "127.0.0.1:" + FreePorts.next();
    String here = "127.0.0.1:" + FreePorts.next();
    start(
        "receive",
        "--dir",
        copy.toString(),
        "--listen",
        address,
        "--metrics",
        there,
        "--store",
        temp.resolve("store").toString());
    start(
        "send",
        image.toString(),
        "--to",
        address,
        "--epoch",
        "200ms",
        "--work",
        temp.toString(),
        "--metrics",
        here);
    awaitEpoch(copy, 2);

    awaitMetrics(here, SyncProcessesTest::expectSent);
    awaitMetrics(there, SyncProcessesTest::expectReceived);
  }

  private static void expectSent(String metrics) {
    assertThat(metrics)
        .contains("penumbra_stage_bytes_total{stage=\"encode\"}")
        .contains("penumbra_stage_seconds_count{stage=\"source\"}")
        .contains("penumbra_stage_seconds_sum{stage=\"shard\"}")
        .contains("penumbra_stage_pages_total{stage=\"ack\"}")
        .contains("penumbra_path_usable{path=\"0\"} 1.0")
        .contains("penumbra_early_pages_total")
        .containsPattern("penumbra_path_bytes_total\\{path=\"0\"} [1-9]");
  }

  private static void expectReceived(String metrics) {
    assertThat(metrics)
        .containsPattern("penumbra_stage_seconds_count\\{stage=\"join\"} [1-9]")
        .containsPattern("penumbra_stage_seconds_count\\{stage=\"verify\"} [1-9]")
        .containsPattern("penumbra_stage_seconds_count\\{stage=\"store\"} [1-9]")
        .containsPattern("penumbra_stage_seconds_count\\{stage=\"apply\"} [1-9]")
        .containsPattern("penumbra_store_puts_total [1-9]")
        .contains("penumbra_store_gets_total{tier=\"ssd\"}")
        .contains("penumbra_store_scrub_damaged_total 0.0");
  }

  /** What is done is counted a moment later. */
  private static void awaitMetrics(String address, Consumer<String> expected) throws Exception {
    Instant deadline = Instant.now().plusSeconds(60);
    while (true) {
      try {
        expected.accept(metrics(address));
        return;
      } catch (AssertionError | IOException e) {
        if (Instant.now().isAfter(deadline)) {
          throw e;
        }
      }
      Thread.sleep(100);
    }
  }

  private static String metrics(String address) throws IOException {
    try (InputStream in = URI.create("http://" + address + "/metrics").toURL().openStream()) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private Process receive(Path copy, String listen, Path key) throws IOException {
    return start(
        "receive", "--dir", copy.toString(), "--listen", listen, "--key-file", key.toString());
  }

  private Process send(Path image, String to, Path key) throws IOException {
    return start(
        "send",
        image.toString(),
        "--to",
        to,
        "--key-file",
        key.toString(),
        "--epoch",
        "200ms",
        "--work",
        temp.toString());
  }

  private Process start(String command, String... arguments) throws IOException {
    List<String> line =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
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
            .redirectOutput(
                ProcessBuilder.Redirect.appendTo(temp.resolve(command + ".log").toFile()))
            .start();
    started.add(process);
    return process;
  }

  private static void kill(Process process) throws InterruptedException {
    process.destroyForcibly();
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
  }

  private static void fill(Path image) throws IOException {
    SplittableRandom random = new SplittableRandom(11);
    try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
      file.setLength(IMAGE_BYTES);
      byte[] bytes = new byte[1 << 20];
      for (int written = 0; written < 80; written++) {
        random.nextBytes(bytes);
        file.seek(random.nextLong(IMAGE_BYTES - bytes.length));
        file.write(bytes);
      }
    }
  }

  private static void write(Path image, AtomicBoolean writing) {
    SplittableRandom random = new SplittableRandom(12);
    byte[] bytes = new byte[3000];
    try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
      while (writing.get()) {
        random.nextBytes(bytes);
        file.seek(random.nextLong(IMAGE_BYTES - bytes.length));
        file.write(bytes);
        Thread.sleep(1);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void awaitEpoch(Path copy, long epoch) throws Exception {
    Instant deadline = Instant.now().plus(Duration.ofMinutes(3));
    while (newest(copy) < epoch) {
      assertThat(Instant.now()).as("epoch %d; the logs:%n%s", epoch, logs()).isBefore(deadline);
      Thread.sleep(20);
    }
  }

  private String logs() throws IOException {
    return Files.readString(temp.resolve("receive.log"))
        + Files.readString(temp.resolve("send.log"));
  }

  private void awaitBytes(Path copy, long bytes) throws Exception {
    Instant deadline = Instant.now().plus(Duration.ofMinutes(3));
    Path image = copy.resolve("disk.raw.img");
    while (!Files.exists(image) || blocks(image) < bytes) {
      assertThat(Instant.now()).as("bytes; the logs:%n%s", logs()).isBefore(deadline);
      Thread.sleep(5);
    }
  }

  /** Bytes that a sparse file really has. */
  private static long blocks(Path file) throws IOException {
    return new ProcessBuilder("stat", "-c", "%b", file.toString())
            .start()
            .inputReader()
            .readLine()
            .transform(Long::parseLong)
        * 512;
  }

  private static long newest(Path copy) throws IOException {
    if (!Files.exists(copy.resolve("state"))) {
      return 0;
    }
    return DirectoryStatus.read(copy).newest().map(manifest -> manifest.epoch()).orElse(0L);
  }

  private static String sha256(Path file) throws Exception {
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = new byte[1 << 20];
      for (int read = in.read(bytes); read >= 0; read = in.read(bytes)) {
        digest.update(bytes, 0, read);
      }
    }
    return HexFormat.of().formatHex(digest.digest());
  }
}
