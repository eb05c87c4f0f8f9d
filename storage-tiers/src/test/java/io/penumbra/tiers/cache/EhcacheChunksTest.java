package io.penumbra.tiers.cache;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.tiers.ChunkId;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EhcacheChunksTest {

  @TempDir private Path directory;

  @SuppressWarnings("NullAway.Init") // JUnit sets the directory
  EhcacheChunksTest() {}

  @Test
  void severalThreadsGetWhatWasPutOrNothing() throws Exception {
    try (EhcacheChunks cache = EhcacheChunks.open(directory, 8, 1, 4);
        ExecutorService threads = Executors.newFixedThreadPool(8)) {
      List<Future<Integer>> working = new ArrayList<>();
      for (int thread = 0; thread < 8; thread++) {
        SplittableRandom dice = new SplittableRandom(thread);
        working.add(
            threads.submit(() -> {
              int hits = 0;
              for (int i = 0; i < 3_000; i++) {
                int number = dice.nextInt(400);
                switch (dice.nextInt(8)) {
                  case 0 -> cache.remove(id(number));
                  case 1, 2, 3 -> cache.put(id(number), content(number));
                  default -> {
                    Optional<ByteBuffer> got = cache.get(id(number));
                    if (got.isPresent()) {
                      assertThat(got.get()).isEqualTo(content(number));
                      hits++;
                    }
                  }
                }
              }
              return hits;
            }));
      }
      int hits = 0;
      for (Future<Integer> one : working) {
        hits += one.get();
      }
      assertThat(hits).isGreaterThan(1_000);
      // Ehcache counts a value twice that changes its tier while it is read.
      assertThat(cache.facts().hits()).isGreaterThanOrEqualTo(hits);
    }
  }

  @Test
  void comesBackAfterACleanStop() {
    try (EhcacheChunks cache = EhcacheChunks.open(directory, 8, 1, 16)) {
      for (int i = 0; i < 200; i++) {
        cache.put(id(i), content(i));
      }
    }
    try (EhcacheChunks cache = EhcacheChunks.open(directory, 8, 1, 16)) {
      int found = 0;
      for (int i = 0; i < 200; i++) {
        Optional<ByteBuffer> got = cache.get(id(i));
        if (got.isPresent()) {
          assertThat(got.get()).isEqualTo(content(i));
          found++;
        }
      }
      assertThat(found).isEqualTo(200);
    }
  }

  @Test
  void opensOnWhatAnUncleanStopLeftAndNeverGivesWrongBytes() throws IOException {
    Path killed = directory.resolve("killed");
    try (EhcacheChunks cache = EhcacheChunks.open(directory.resolve("running"), 8, 1, 16)) {
      for (int i = 0; i < 200; i++) {
        cache.put(id(i), content(i));
      }
      // What a disk holds when the process goes without closing.
      copy(directory.resolve("running"), killed);
    }
    try (EhcacheChunks cache = EhcacheChunks.open(killed, 8, 1, 16)) {
      for (int i = 0; i < 200; i++) {
        int number = i;
        cache.get(id(i)).ifPresent(got -> assertThat(got).isEqualTo(content(number)));
      }
      cache.put(id(7), content(7));
      assertThat(cache.get(id(7))).contains(content(7));
    }
  }

  @Test
  void opensOnAFileOfNoise() throws IOException {
    try (EhcacheChunks cache = EhcacheChunks.open(directory, 8, 1, 16)) {
      cache.put(id(1), content(1));
    }
    List<Path> files;
    try (var walk = Files.walk(directory)) {
      files = walk.filter(Files::isRegularFile).toList();
    }
    SplittableRandom dice = new SplittableRandom(5);
    for (Path file : files) {
      if (file.toString().endsWith(".data")) {
        byte[] noise = new byte[(int) Math.min(1 << 20, Files.size(file))];
        dice.nextBytes(noise);
        Files.write(file, noise);
      }
    }
    try (EhcacheChunks cache = EhcacheChunks.open(directory, 8, 1, 16)) {
      cache.put(id(2), content(2));
      assertThat(cache.get(id(2))).contains(content(2));
    }
  }

  private static void copy(Path from, Path to) throws IOException {
    try (var walk = Files.walk(from)) {
      for (Path file : walk.sorted().toList()) {
        Path target = to.resolve(from.relativize(file).toString());
        if (Files.isDirectory(file)) {
          Files.createDirectories(target);
        } else if (!file.endsWith(".lock")) {
          Files.copy(file, target);
        }
      }
    }
  }

  private static ChunkId id(int number) {
    return ChunkId.of(content(number));
  }

  private static ByteBuffer content(int number) {
    byte[] bytes = new byte[1_000 + number * 17 % 5_000];
    new SplittableRandom(number).nextBytes(bytes);
    return ByteBuffer.wrap(bytes);
  }
}
