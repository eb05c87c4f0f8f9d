package io.penumbra.tiers.pack;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.tiers.ChunkId;
import io.penumbra.tiers.seal.ChunkSeal;
import io.penumbra.tiers.seal.KeyRing;
import io.penumbra.tiers.seal.Opened;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/**
 * Packs with flipped bits, cut short, with parts of them moved, zeroed, or made up: what is read
 * from them is what was put, or it is not read. {@code -Dpenumbra.fuzz=1000000} tries more.
 */
class PackFuzzTest {

  private static final int CASES = Integer.getInteger("penumbra.fuzz", 120_000);
  private static final long SEED = Long.getLong("penumbra.seed", 1);
  private static final KeyRing RING =
      KeyRing.parse(
          "test",
          "naming ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=;"
              + "key 1 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=;active 1");

  /** A whole pack, and what is in it. */
  private record Written(ChunkSeal seal, ByteBuffer pack, Map<ChunkId, ByteBuffer> contents) {}

  @Test
  void whatIsReadFromADamagedPackIsWhatWasPut() {
    List<Written> packs =
        List.of(write(ChunkSeal.plain(1), 1), write(ChunkSeal.encrypted(RING, 1), 2));
    SplittableRandom dice = new SplittableRandom(SEED);
    int read = 0;
    int refused = 0;
    for (int i = 0; i < CASES; i++) {
      long seed = dice.nextLong();
      Written written = packs.get(i & 1);
      try {
        ByteBuffer damaged = damage(written.pack(), new SplittableRandom(seed));
        int good = check(written, damaged, i % 16 == 0);
        read += good;
        refused += written.contents().size() - Math.min(good, written.contents().size());
      } catch (AssertionError | RuntimeException e) {
        throw new AssertionError("case %d of seed %d, its own seed %d".formatted(i, SEED, seed), e);
      }
    }
    System.out.printf("%,d cases: %,d chunks read, %,d refused%n", CASES, read, refused);
    assertThat(read).isGreaterThan(CASES);
    assertThat(refused).isGreaterThan(CASES / 4);
  }

  private static Written write(ChunkSeal seal, long seed) {
    SplittableRandom dice = new SplittableRandom(seed);
    Map<ChunkId, ByteBuffer> contents = new HashMap<>();
    List<PackFormat.Entry> entries = new ArrayList<>();
    ByteBuffer pack = ByteBuffer.allocate(4_096).put(PackFormat.header());
    for (int i = 0; i < 5; i++) {
      byte[] content = new byte[dice.nextInt(300)];
      if (i % 2 == 0) {
        dice.nextBytes(content);
      } else {
        Arrays.fill(content, (byte) i);
      }
      ByteBuffer bytes = ByteBuffer.wrap(content);
      ChunkId id = seal.name(bytes);
      ByteBuffer sealed = seal.seal(id, bytes);
      entries.add(new PackFormat.Entry(id, pack.position(), sealed.remaining()));
      pack.put(PackFormat.record(id, sealed));
      contents.put(id, bytes);
    }
    int index = pack.position();
    return new Written(seal, pack.put(PackFormat.footer(entries, index)).flip(), contents);
  }

  private static ByteBuffer damage(ByteBuffer pack, SplittableRandom dice) {
    byte[] bytes = new byte[pack.remaining()];
    pack.duplicate().get(bytes);
    int wounds = 1 + dice.nextInt(4);
    for (int i = 0; i < wounds && bytes.length > 1; i++) {
      int at = dice.nextInt(bytes.length);
      int length = 1 + dice.nextInt(bytes.length - at);
      switch (dice.nextInt(6)) {
        case 0, 1 -> bytes[at] ^= (byte) (1 << dice.nextInt(8));
        case 2 -> bytes = Arrays.copyOf(bytes, at);
        case 3 -> Arrays.fill(bytes, at, at + Math.min(length, 64), (byte) 0);
        case 4 ->
            System.arraycopy(bytes, at, bytes, dice.nextInt(bytes.length - length + 1), length);
        default -> {
          byte[] noise = new byte[Math.min(length, 16)];
          dice.nextBytes(noise);
          System.arraycopy(noise, 0, bytes, at, noise.length);
        }
      }
    }
    return ByteBuffer.wrap(bytes);
  }

  /** Reads it in every way there is; answers how many whole chunks the salvage found. */
  private static int check(Written written, ByteBuffer damaged, boolean byTheIndex) {
    if (byTheIndex && damaged.limit() > PackFormat.TRAILER_BYTES) {
      int limit = damaged.limit();
      ByteBuffer trailer =
          damaged.slice(limit - PackFormat.TRAILER_BYTES, PackFormat.TRAILER_BYTES);
      PackFormat.footerBytes(trailer, limit)
          .filter(length -> length <= limit)
          .flatMap(length -> PackFormat.entries(damaged.slice(limit - length, length)))
          .ifPresent(entries ->
              entries.forEach(entry ->
                  PackFormat.recordAt(damaged, entry.offset(), entry.offset())
                      .ifPresent(record -> checked(written, record))));
    }
    if (damaged.limit() > PackFormat.HEADER_BYTES) {
      PackFormat.run(damaged.duplicate().position(PackFormat.HEADER_BYTES), 0)
          .forEach(record -> checked(written, record));
    }
    int good = 0;
    for (PackFormat.SealedRecord record : PackFormat.salvage(damaged)) {
      good += checked(written, record);
    }
    // The checksum of a record may be right by chance; the seal is what counts.
    written.contents().keySet().forEach(id -> open(written, id, damaged));
    return good;
  }

  private static int checked(Written written, PackFormat.SealedRecord record) {
    return open(written, record.id(), record.sealed());
  }

  private static int open(Written written, ChunkId id, ByteBuffer sealed) {
    if (written.seal().open(id, sealed) instanceof Opened.Content(ByteBuffer content)) {
      assertThat(content).isEqualTo(written.contents().get(id));
      return 1;
    }
    return 0;
  }
}
