package io.penumbra.sync.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.penumbra.sync.epoch.PageHash;
import io.penumbra.sync.epoch.RegionKind;
import io.penumbra.sync.epoch.StateSource;
import io.penumbra.sync.scan.Cut;
import io.penumbra.sync.scan.CutSettings;
import io.penumbra.sync.scan.CutTaker;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LiveFilesTest {

  private static final int PAGES = 100_000;

  @TempDir private Path temp;

  @Test
  void holesOfASparseImageAreNotLookedAt() throws Exception {
    Path image = temp.resolve("sparse.raw");
    try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
      file.setLength(PAGES * 4096L);
      write(file, 7);
      try (LiveFiles source = LiveFiles.open(List.of(image), RegionKind.DISK, QuietHook.NONE);
          ScratchFile scratch = ScratchFile.in(temp)) {
        CutTaker taker =
            new CutTaker(
                source,
                scratch.pages(source.layout()),
                scratch,
                CutSettings.DEFAULT,
                InstantSource.system());
        Optional<BitSet> data = data(source);
        assumeThat(data).as("the file system tells of holes").isPresent();
        assertThat(data.orElseThrow().get(7)).isTrue();
        assertThat(data.orElseThrow().cardinality()).isLessThan(64);

        Cut first = taker.take();
        taker.accept(first);
        assertThat(first.hashes()[8]).isEqualTo(PageHash.ZERO_PAGE);
        assertThat(first.hashes()[7]).isNotEqualTo(PageHash.ZERO_PAGE);

        write(file, 50_000);
        Cut second = taker.take();
        assertThat(second.pages()).containsExactly(50_000);
      }
    }
  }

  private static Optional<BitSet> data(StateSource source) {
    try (StateSource.Hold hold = source.hold()) {
      return hold.mayHoldData(0);
    }
  }

  private static void write(RandomAccessFile file, int page) throws Exception {
    file.seek(page * 4096L);
    file.write(new byte[] {1, 2, 3});
  }
}
