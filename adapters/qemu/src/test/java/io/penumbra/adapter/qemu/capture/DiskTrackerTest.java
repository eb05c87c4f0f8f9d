package io.penumbra.adapter.qemu.capture;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.adapter.qemu.Reply;
import io.penumbra.adapter.qemu.guest.Disk;
import io.penumbra.adapter.qemu.lab.Lab;
import io.penumbra.adapter.qemu.qmp.QmpClient;
import io.penumbra.adapter.qemu.qmp.QmpCommand;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.BitSet;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A real QEMU without a guest, with one qcow2 image that is written through its monitor. */
class DiskTrackerTest {

  private static final Duration SOON = Duration.ofSeconds(60);
  private static final long BYTES = 1 << 20;
  private static final String NODE = "disk-0";

  private Lab lab;
  private Process process;
  private QmpClient qmp;
  private DiskTracker tracker;
  private Path socket;

  @BeforeEach
  void start() throws IOException, InterruptedException {
    lab = Lab.open("tracker");
    Path directory = Files.createDirectories(lab.directory("t"));
    Path image = directory.resolve("d.qcow2");
    assertThat(
            new ProcessBuilder(
                    "qemu-img", "create", "-q", "-f", "qcow2", image.toString(), "" + BYTES)
                .inheritIO()
                .start()
                .waitFor())
        .isZero();
    Path monitor = directory.resolve("qmp.sock");
    process =
        new ProcessBuilder(
                "qemu-system-x86_64",
                "-machine",
                "none",
                "-nodefaults",
                "-display",
                "none",
                "-blockdev",
                "driver=qcow2,node-name=%s,file.driver=file,file.filename=%s"
                    .formatted(NODE, image),
                "-qmp",
                "unix:%s,server=on,wait=off".formatted(monitor))
            .inheritIO()
            .start();
    qmp = QmpClient.connect(monitor, SOON).orThrow();
    socket = directory.resolve("nbd.sock");
    QmpCommand server = QmpCommand.of("nbd-server-start");
    server
        .arguments()
        .putObject("addr")
        .put("type", "unix")
        .putObject("data")
        .put("path", socket.toString());
    qmp.execute(server).orThrow();
    tracker = DiskTracker.open(qmp, Disk.qcow2(NODE, image), BYTES, socket).orThrow();
    write(0, 1);
    tracker.written().orThrow();
    // The first look takes everything, whatever is marked; that is told once more.
    assertThat(tracker.written().orThrow()).isEqualTo(pages(0));
  }

  @AfterEach
  void end() throws IOException, InterruptedException {
    try {
      tracker.close();
      assertThat(bitmaps()).as("bitmaps that are left in QEMU").isEmpty();
      qmp.close();
    } finally {
      process.destroyForcibly().waitFor();
      lab.close();
    }
  }

  private void write(int page, int value) {
    String said =
        qmp.monitor("qemu-io %s \"write -P %d %dk 4k\"".formatted(NODE, value, 4 * page)).orThrow();
    assertThat(said).doesNotContain("rror");
  }

  private static BitSet pages(int... pages) {
    BitSet set = new BitSet();
    for (int page : pages) {
      set.set(page);
    }
    return set;
  }

  private int content(int page) {
    return tracker.content().get(ValueLayout.JAVA_BYTE, 4096L * page + 7);
  }

  private List<String> bitmaps() {
    return qmp.execute(QmpCommand.of("query-named-block-nodes").with("flat", true))
        .orThrow()
        .valueStream()
        .flatMap(node -> node.path("dirty-bitmaps").valueStream())
        .map(bitmap -> bitmap.path("name").asText())
        .toList();
  }

  /** Nobody listens where disks are read. */
  private Reply<BitSet> writtenWithoutServer() throws IOException {
    Path aside = socket.resolveSibling("aside");
    Files.move(socket, aside);
    Reply<BitSet> reply = tracker.written();
    Files.move(aside, socket);
    return reply;
  }

  @Test
  void whatWasWrittenBeforeAReadFailedIsToldByTheNextOne() throws IOException {
    write(3, 33);
    assertThat(writtenWithoutServer().isDone()).isFalse();

    assertThat(tracker.written().orThrow()).isEqualTo(pages(3));
    assertThat(content(3)).isEqualTo(33);
    assertThat(tracker.written().orThrow()).isEqualTo(pages());
  }

  @Test
  void readsThatFailOneAfterTheOtherLoseNothing() throws IOException {
    for (int page = 3; page < 6; page++) {
      write(page, 10 + page);
      assertThat(writtenWithoutServer().isDone()).isFalse();
    }
    write(9, 19);

    assertThat(tracker.written().orThrow()).isEqualTo(pages(3, 4, 5, 9));
    assertThat(List.of(content(3), content(4), content(5), content(9)))
        .containsExactly(13, 14, 15, 19);
    assertThat(bitmaps()).hasSize(1);
  }

  @Test
  void aSwapThatQemuRefusesIsAskedForAgain() {
    write(3, 33);
    String current = bitmaps().getFirst();
    // Who reads a bitmap keeps it from being changed.
    QmpCommand reader =
        QmpCommand.of("block-export-add")
            .with("type", "nbd")
            .with("id", "reader")
            .with("name", "reader")
            .with("writable", true)
            .with("node-name", NODE);
    reader.arguments().putArray("bitmaps").add(current);
    qmp.execute(reader).orThrow();
    assertThat(tracker.written()).isInstanceOf(Reply.Refused.class);
    qmp.execute(QmpCommand.of("block-export-del").with("id", "reader").with("mode", "hard"))
        .orThrow();

    write(4, 44);
    assertThat(tracker.written().orThrow()).isEqualTo(pages(3, 4));
    write(5, 55);
    assertThat(tracker.written().orThrow()).isEqualTo(pages(5));
  }

  @Test
  void anExportThatIsLeftOfAnAttemptIsSweptAwayByTheNextOne() {
    write(3, 33);
    qmp.execute(
            QmpCommand.of("block-export-add")
                .with("type", "nbd")
                .with("id", DiskTracker.PREFIX + NODE)
                .with("node-name", NODE))
        .orThrow();
    assertThat(tracker.written().isDone()).isFalse();

    assertThat(tracker.written().orThrow()).isEqualTo(pages(3));
    assertThat(content(3)).isEqualTo(33);
  }
}
