package io.penumbra.tiers;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penumbra.tiers.ChunkStore.Deletion.Deleted;
import io.penumbra.tiers.ChunkStore.Deletion.NothingThere;
import io.penumbra.tiers.ChunkStore.Got.Corrupt;
import io.penumbra.tiers.ChunkStore.Got.Found;
import io.penumbra.tiers.ChunkStore.Got.NotFound;
import io.penumbra.tiers.ChunkStore.Put.Stored;
import io.penumbra.tiers.ChunkStore.Unavailable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DirectoryChunkStoreTest {

  private static final ChunkId HELLO =
      new ChunkId("2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");

  @TempDir private Path directory;
  private DirectoryChunkStore store;

  @SuppressWarnings("NullAway.Init") // JUnit sets the directory, and open() the store
  DirectoryChunkStoreTest() {}

  @BeforeEach
  void open() throws IOException {
    store = DirectoryChunkStore.open(directory);
  }

  @AfterEach
  void close() throws IOException {
    store.close();
  }

  @Test
  void namesAChunkByTheSha256OfItsContentAndGivesItBack() {
    assertThat(store.put(bytes("hello"))).isEqualTo(new Stored(HELLO, true));
    assertThat(store.get(HELLO)).isEqualTo(new Found(bytes("hello")));
  }

  @Test
  void keepsEqualContentOnce() {
    store.put(bytes("hello"));

    assertThat(store.put(bytes("hello"))).isEqualTo(new Stored(HELLO, false));
    assertThat(all()).containsExactly(HELLO);
  }

  @Test
  void keepsChunksOfEverySizeThroughAReopening() throws IOException {
    SplittableRandom random = new SplittableRandom(7);
    List<ByteBuffer> contents = new ArrayList<>();
    for (int size : new int[] {0, 1, 4096, 65_536, 1_000_003}) {
      byte[] content = new byte[size];
      random.nextBytes(content);
      contents.add(ByteBuffer.wrap(content));
      store.put(ByteBuffer.wrap(content));
    }
    store.close();
    open();

    for (ByteBuffer content : contents) {
      assertThat(store.get(ChunkId.of(content))).isEqualTo(new Found(content));
    }
  }

  @Test
  void leavesTheCallersBufferAsItWas() {
    ByteBuffer content = bytes("hello");
    store.put(content);

    assertThat(content.position()).isZero();
    assertThat(content.remaining()).isEqualTo(5);
  }

  @Test
  void noticesEveryFlippedBit() throws IOException {
    store.put(bytes("hello"));
    byte[] good = Files.readAllBytes(file(HELLO));
    for (int bit = 0; bit < good.length * 8; bit++) {
      byte[] bad = good.clone();
      bad[bit / 8] ^= (byte) (1 << (bit % 8));
      Files.write(file(HELLO), bad);

      assertThat(store.get(HELLO)).as("bit %d", bit).isInstanceOf(Corrupt.class);
    }
  }

  @Test
  void noticesEveryTruncationAndWhatWasAppended() throws IOException {
    store.put(bytes("hello"));
    for (String wrong : List.of("", "h", "hell", "hello!")) {
      Files.writeString(file(HELLO), wrong);

      assertThat(store.get(HELLO))
          .isEqualTo(
              new Corrupt(
                  HELLO, wrong.length(), "its content has SHA-256 " + ChunkId.of(bytes(wrong))));
    }
  }

  @Test
  void doesNotReadAFileThatIsTooLargeToBeAChunk() throws IOException {
    store.put(bytes("hello"));
    try (FileChannel file = FileChannel.open(file(HELLO), StandardOpenOption.WRITE)) {
      file.write(bytes("!"), ChunkStore.CHUNK_BYTES_MAX + 1L);
    }

    assertThat(store.get(HELLO))
        .isInstanceOfSatisfying(
            Corrupt.class,
            corrupt -> assertThat(corrupt.bytes()).isEqualTo(ChunkStore.CHUNK_BYTES_MAX + 2L));
  }

  @Test
  void puttingTheContentAgainHealsADamagedChunk() throws IOException {
    store.put(bytes("hello"));
    Files.writeString(file(HELLO), "hellO");

    assertThat(store.put(bytes("hello"))).isEqualTo(new Stored(HELLO, true));
    assertThat(store.get(HELLO)).isInstanceOf(Found.class);
  }

  @Test
  void clearsAwayWhatACrashLeftHalfWritten() throws IOException {
    store.put(bytes("hello"));
    store.close();
    Path leftover = directory.resolve("incoming").resolve(HELLO + ".1");
    Files.writeString(leftover, "hel");
    open();

    assertThat(leftover).doesNotExist();
    assertThat(all()).containsExactly(HELLO);
    assertThat(store.put(bytes("other"))).isInstanceOf(Stored.class);
  }

  @Test
  void deletesOnceAndThenFindsNothing() {
    store.put(bytes("hello"));

    assertThat(store.delete(HELLO)).isEqualTo(new Deleted(HELLO));
    assertThat(store.delete(HELLO)).isEqualTo(new NothingThere(HELLO));
    assertThat(store.get(HELLO)).isEqualTo(new NotFound(HELLO));
    assertThat(all()).isEmpty();
  }

  @Test
  void listsInOrderAndOnlyChunks() throws IOException {
    TreeSet<ChunkId> put = new TreeSet<>();
    for (int i = 0; i < 300; i++) {
      ByteBuffer content = bytes("chunk " + i);
      store.put(content);
      put.add(ChunkId.of(content));
    }
    Files.writeString(directory.resolve("notes.txt"), "somebody else's");
    Files.writeString(file(put.first()).resolveSibling("README"), "somebody else's");

    assertThat(all()).containsExactlyElementsOf(put);
  }

  @Test
  void severalThreadsMayPutTheSameContent() throws Exception {
    try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
      List<Future<ChunkStore.Put>> puts = new ArrayList<>();
      for (int i = 0; i < 40; i++) {
        ByteBuffer content = bytes("chunk " + i % 4);
        puts.add(threads.submit(() -> store.put(content)));
      }
      for (Future<ChunkStore.Put> put : puts) {
        assertThat(put.get()).isInstanceOf(Stored.class);
      }
    }
    assertThat(all()).hasSize(4);
  }

  @Test
  void refusesASecondOwner() {
    assertThatThrownBy(() -> DirectoryChunkStore.open(directory))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("in use");
  }

  @Test
  void saysSoWhenThePlaceItselfIsGone() throws IOException {
    Files.delete(directory.resolve("incoming"));

    assertThat(store.put(bytes("hello"))).isInstanceOf(Unavailable.class);
    assertThat(store.get(HELLO)).isInstanceOf(NotFound.class);
  }

  @Test
  void refusesContentThatIsTooLarge() {
    assertThatThrownBy(() -> store.put(ByteBuffer.allocate(ChunkStore.CHUNK_BYTES_MAX + 1)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("67108865 bytes");
  }

  private List<ChunkId> all() {
    List<ChunkId> ids = new ArrayList<>();
    store.list(ids::add);
    return ids;
  }

  private Path file(ChunkId id) {
    return directory.resolve(id.value().substring(0, 2)).resolve(id.value());
  }

  private static ByteBuffer bytes(String text) {
    return ByteBuffer.wrap(text.getBytes(UTF_8));
  }
}
