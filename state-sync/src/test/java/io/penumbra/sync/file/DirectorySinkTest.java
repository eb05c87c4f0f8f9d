package io.penumbra.sync.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penumbra.domain.BadInputException;
import io.penumbra.domain.VmId;
import io.penumbra.sync.epoch.Consistency;
import io.penumbra.sync.epoch.EpochManifest;
import io.penumbra.sync.epoch.HealthSnapshot;
import io.penumbra.sync.epoch.PageHash;
import io.penumbra.sync.epoch.PageHashes;
import io.penumbra.sync.epoch.PageSize;
import io.penumbra.sync.epoch.Region;
import io.penumbra.sync.epoch.RegionId;
import io.penumbra.sync.epoch.RegionKind;
import io.penumbra.sync.epoch.StateLayout;
import io.penumbra.sync.epoch.StateRoot;
import io.penumbra.sync.epoch.StateSink.Opening;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DirectorySinkTest {

  private static final VmId VM = VmId.of("vm-1");
  private static final Region DISK = new Region(RegionId.of("disk"), RegionKind.DISK, 50 * 4096);
  private static final StateLayout LAYOUT =
      new StateLayout(List.of(new Region(RegionId.of("device"), RegionKind.DEVICE, 5000), DISK));

  @TempDir private Path temp;

  private final MemorySegment page = Arena.ofAuto().allocate(PageSize.BYTES, 8);
  private final PageHashes hashes = PageHashes.ofZeros(LAYOUT.pages());
  private int copies;

  @Test
  void aCrashAtAnyPointLeavesTheEpochBeforeOrTheNewOne() throws Exception {
    for (long seed = 0; seed < 3; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      Path root = temp.resolve("seed-" + seed);
      List<StateRoot> roots = new ArrayList<>();
      try (DirectorySink sink = DirectorySink.on(root, Retention.DEFAULT)) {
        sink.open(VM, LAYOUT);
        reset();
        roots.add(hashes.root());
        for (long epoch = 1; epoch <= 5; epoch++) {
          StateRoot before = hashes.root();
          stage(sink, random);
          if (epoch > 1) {
            assertThat(afterCrash(root)).as("seed %d staged", seed).isEqualTo(before);
          }
          sink.commit(manifest(epoch));
          roots.add(hashes.root());
          assertThat(afterCrash(root)).as("seed %d committed", seed).isEqualTo(hashes.root());
          halfApplied(root, epoch, random);
          sink.apply();
          assertThat(afterCrash(root)).as("seed %d applied", seed).isEqualTo(hashes.root());
        }
      }
      for (int epoch = 1; epoch <= 5; epoch++) {
        Path to = temp.resolve("restored-%d-%d".formatted(seed, epoch));
        EpochManifest manifest = ImageRestore.from(root).restore(epoch, DISK, to);
        assertThat(manifest.root()).isEqualTo(roots.get(epoch));
        assertThat(Files.size(to)).isEqualTo(DISK.bytes());
      }
    }
  }

  /** The crash came when part of the image was overwritten: the log mends it. */
  private void halfApplied(Path root, long epoch, SplittableRandom random) throws IOException {
    if (epoch == 1) {
      return;
    }
    Path crashed = copy(root);
    StateDirectory directory = new StateDirectory(crashed);
    try (LogReader log = LogReader.open(directory);
        ImageFiles image = ImageFiles.open(directory, LAYOUT)) {
      EpochRecord newest = log.records().getLast();
      assertThat(newest.manifest().epoch()).isEqualTo(epoch);
      for (int entry = 0; entry < newest.count(); entry++) {
        if (random.nextBoolean()) {
          assertThat(newest.readAfter(entry, page)).isTrue();
          image.write(newest.page(entry), 1, page, 0);
        }
      }
    }
    assertThat(afterCrash(crashed)).isEqualTo(hashes.root());
  }

  @Test
  void aTornRecordIsTheEpochBeforeWhereverItIsTorn() throws Exception {
    Path root = temp.resolve("live");
    SplittableRandom random = new SplittableRandom(11);
    StateRoot before;
    long start;
    try (DirectorySink sink = DirectorySink.on(root, Retention.DEFAULT)) {
      sink.open(VM, LAYOUT);
      reset();
      for (long epoch = 1; epoch <= 3; epoch++) {
        stage(sink, random);
        sink.commit(manifest(epoch));
        sink.apply();
      }
      before = hashes.root();
      start = Files.size(new StateDirectory(root).log(1));
      stage(sink, random);
      sink.commit(manifest(4));
    }
    byte[] whole = Files.readAllBytes(new StateDirectory(root).log(1));
    for (int cut = 0; cut < 40; cut++) {
      Path torn = copy(root);
      byte[] bytes = whole.clone();
      // A sector did not reach the disk, of pages, index or header.
      int from = (int) start + 512 * random.nextInt((int) (bytes.length - start) / 512);
      Arrays.fill(bytes, from, from + 512, (byte) 0);
      if (Arrays.equals(bytes, whole)) {
        continue;
      }
      Files.write(new StateDirectory(torn).log(1), bytes);
      StateRoot found = afterCrash(torn);
      // What an undo slot lacks is seen by a restore; the epoch itself is there.
      assertThat(found).as("sector at %d", from - start).isIn(before, hashes.root());
    }
  }

  @Test
  void logFilesThatAreNotKeptAnyMoreAreUsedAgainAndWhatIsLeftInThemIsNotBelieved()
      throws Exception {
    Path root = temp.resolve("live");
    SplittableRandom random = new SplittableRandom(5);
    try (DirectorySink sink = DirectorySink.on(root, new Retention(10, Long.MAX_VALUE))) {
      sink.open(VM, LAYOUT);
      reset();
      for (long epoch = 1; epoch <= 700; epoch++) {
        stage(sink, random, 3);
        sink.commit(manifest(epoch));
        if (epoch % 50 == 0) {
          assertThat(afterCrash(root)).as("epoch %d", epoch).isEqualTo(hashes.root());
        }
        sink.apply();
      }
    }
    assertThat(new StateDirectory(root).logFiles()).hasSizeLessThan(5);
    assertThat(DirectoryStatus.read(root).kept()).hasSize(10);
    ImageRestore.from(root).restore(691, DISK, temp.resolve("restored"));
    // Without the bounds everything that is left is done again.
    Files.delete(new StateDirectory(root).bounds());
    assertThat(afterCrash(root)).isEqualTo(hashes.root());
  }

  @Test
  void anEpochLargerThanMemoryIsWrittenAsItComes() throws Exception {
    Region large = new Region(RegionId.of("disk"), RegionKind.DISK, 5000L * PageSize.BYTES);
    StateLayout layout = StateLayout.of(large);
    PageHashes all = PageHashes.ofZeros(layout.pages());
    List<StateRoot> roots = new ArrayList<>();
    SplittableRandom random = new SplittableRandom(6);
    try (DirectorySink sink = DirectorySink.on(temp, Retention.DEFAULT)) {
      sink.open(VM, layout);
      for (long epoch = 1; epoch <= 3; epoch++) {
        for (int number = 0; number < layout.pages(); number++) {
          page.setAtIndex(ValueLayout.JAVA_LONG, random.nextInt(512), random.nextLong());
          long hash = PageHash.of(page, 0);
          sink.stage(number, page, 0, hash);
          all.set(number, hash);
        }
        roots.add(all.root());
        sink.commit(manifest(layout, all.root(), epoch));
        if (epoch < 3) {
          sink.apply();
        }
      }
    }
    for (int epoch = 1; epoch <= 3; epoch++) {
      EpochManifest restored =
          ImageRestore.from(temp).restore(epoch, large, temp.resolve("restored-" + epoch));
      assertThat(restored.root()).isEqualTo(roots.get(epoch - 1));
    }
  }

  @Test
  void aBrokenFirstTransferIsFoundWhereItWas() throws Exception {
    try (DirectorySink sink = DirectorySink.on(temp, Retention.DEFAULT)) {
      sink.open(VM, LAYOUT);
      reset();
      stage(sink, new SplittableRandom(1));
    }
    try (DirectorySink sink = DirectorySink.on(temp, Retention.DEFAULT)) {
      Opening.Opened opened = (Opening.Opened) sink.open(VM, LAYOUT);
      assertThat(opened.newest()).isEmpty();
      assertThat(opened.have().root()).isEqualTo(hashes.root());
    }
  }

  @Test
  void onlyOneReceiverMayUseADirectoryAndOnlyForOneVmOfOneSize() throws Exception {
    try (DirectorySink sink = DirectorySink.on(temp, Retention.DEFAULT)) {
      assertThatThrownBy(() -> DirectorySink.on(temp, Retention.DEFAULT))
          .hasMessageContaining("in use");
      assertThat(sink.open(VM, LAYOUT)).isInstanceOf(Opening.Opened.class);
    }
    try (DirectorySink sink = DirectorySink.on(temp, Retention.DEFAULT)) {
      assertThat(sink.open(VmId.of("vm-2"), LAYOUT)).isInstanceOf(Opening.Refused.class);
      assertThat(sink.open(VM, StateLayout.of(DISK))).isInstanceOf(Opening.Refused.class);
    }
  }

  @Test
  void oldEpochsAreForgottenAndAskingForThemSaysWhichThereAre() throws Exception {
    try (DirectorySink sink = DirectorySink.on(temp, new Retention(3, Long.MAX_VALUE))) {
      sink.open(VM, LAYOUT);
      reset();
      for (long epoch = 1; epoch <= 6; epoch++) {
        stage(sink, new SplittableRandom(epoch));
        sink.commit(manifest(epoch));
        sink.apply();
      }
      assertThat(DirectoryStatus.read(temp).inUse()).isTrue();
    }
    assertThatThrownBy(() -> ImageRestore.from(temp).restore(3, DISK, temp.resolve("x")))
        .isInstanceOf(BadInputException.class)
        .hasMessageContaining("kept are 4 to 6");
    assertThat(DirectoryStatus.read(temp).inUse()).isFalse();
  }

  @Test
  void rotIsSeenAtTheStartAndByARestore() throws Exception {
    try (DirectorySink sink = DirectorySink.on(temp, Retention.DEFAULT)) {
      sink.open(VM, LAYOUT);
      reset();
      stage(sink, new SplittableRandom(1));
      sink.commit(manifest(1));
    }
    Path image = new StateDirectory(temp).image(DISK);
    byte[] bytes = Files.readAllBytes(image);
    bytes[12345] ^= 4;
    Files.write(image, bytes);

    assertThatThrownBy(() -> ImageRestore.from(temp).restore(1, DISK, temp.resolve("x")))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("root");
    try (DirectorySink sink = DirectorySink.on(temp, Retention.DEFAULT)) {
      Opening.Opened opened = (Opening.Opened) sink.open(VM, LAYOUT);
      assertThat(opened.have().root()).isNotEqualTo(opened.newest().orElseThrow().root());
    }
  }

  private void reset() {
    for (int i = 0; i < LAYOUT.pages(); i++) {
      hashes.set(i, PageHash.ZERO_PAGE);
    }
  }

  private void stage(DirectorySink sink, SplittableRandom random) throws IOException {
    stage(sink, random, 30);
  }

  private void stage(DirectorySink sink, SplittableRandom random, int most) throws IOException {
    for (int writes = random.nextInt(most); writes >= 0; writes--) {
      int number = random.nextInt(LAYOUT.pages());
      MemorySegment.copy(
          sink.view().segment(number), sink.view().offset(number), page, 0, PageSize.BYTES);
      // Now a few words, now most of the page, now all of it.
      int words = random.nextBoolean() ? 1 + random.nextInt(5) : random.nextInt(700);
      for (int word = 0; word < Math.min(512, words); word++) {
        page.setAtIndex(
            ValueLayout.JAVA_LONG, words >= 512 ? word : random.nextInt(512), random.nextLong());
      }
      long hash = PageHash.of(page, 0);
      sink.stage(number, page, 0, hash);
      hashes.set(number, hash);
    }
  }

  private EpochManifest manifest(long epoch) {
    return manifest(LAYOUT, hashes.root(), epoch);
  }

  private static EpochManifest manifest(StateLayout layout, StateRoot root, long epoch) {
    return new EpochManifest(
        VM,
        epoch,
        epoch - 1,
        Instant.EPOCH.plusSeconds(epoch),
        layout,
        root,
        0,
        Consistency.STABLE,
        0,
        HealthSnapshot.UNKNOWN);
  }

  /** What a receiver finds that starts on the directory as it is now. */
  private StateRoot afterCrash(Path root) throws IOException {
    try (DirectorySink sink = DirectorySink.on(copy(root), Retention.DEFAULT)) {
      Opening.Opened opened = (Opening.Opened) sink.open(VM, LAYOUT);
      assertThat(opened.have().root()).isEqualTo(opened.newest().orElseThrow().root());
      return opened.have().root();
    }
  }

  private Path copy(Path root) throws IOException {
    Path copy = temp.resolve("crash-" + copies++);
    try (Stream<Path> files = Files.walk(root)) {
      for (Path file : files.toList()) {
        Files.copy(file, copy.resolve(root.relativize(file)));
      }
    }
    return copy;
  }
}
