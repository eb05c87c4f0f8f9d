package io.penumbra.tiers;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.penumbra.domain.VmId;
import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.tiers.cache.ChunkCache;
import io.penumbra.tiers.manifest.Manifest;
import io.penumbra.tiers.object.ObjectTier;
import io.penumbra.tiers.pack.PackRules;
import io.penumbra.tiers.seal.ChunkSeal;
import io.penumbra.tiers.seal.KeyRing;
import io.penumbra.tiers.twin.MemoryObjects;
import io.penumbra.tiers.twin.Power;
import io.penumbra.tiers.twin.TornDisk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeMap;

/** A machine with a store on it, small enough that everything happens within a few chunks. */
final class Bench {

  static final VmId VM = VmId.of("vm-1");
  static final KeyRing RING =
      KeyRing.parse(
          "test",
          "naming ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=;"
              + "key 1 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=;active 1");

  final Power power = new Power();
  final TornDisk disk = new TornDisk(power);
  final MemoryObjects objects;
  final List<String> notes = new ArrayList<>();
  Instant now = Instant.parse("2026-11-21T06:00:00Z");
  String owner = "here";
  ChunkSeal seal = ChunkSeal.plain(1);
  ChunkCache cache = ChunkCache.none();
  long ssdBytes = 1 << 20;
  int packBytes = 8 << 10;
  long vmBytes = 0;
  int keepNewest = 2;
  long objectBytes = 0;
  final TreeMap<VmId, VmRules> vms = new TreeMap<>();

  Optional<ObjectTier> lower = Optional.empty();

  Bench() {
    objects = new MemoryObjects(power);
  }

  Bench(MemoryObjects shared) {
    objects = shared.from(power);
  }

  TieredChunkStore open() throws IOException {
    PackRules packs =
        new PackRules(packBytes, Duration.ofSeconds(30), ssdBytes, 0.8, 0.6, Duration.ofHours(1));
    StoreRules rules =
        new StoreRules(
            packs,
            new VmRules(vmBytes, keepNewest, Duration.ZERO),
            vms,
            objectBytes,
            1 << 10,
            1,
            Duration.ofMinutes(10),
            0.5,
            Duration.ofSeconds(1),
            Duration.ofMinutes(1));
    StoreParts parts = new StoreParts(disk, lower.orElse(objects), cache, seal, owner, () -> now);
    return TieredChunkStore.open(parts, rules, notes::add);
  }

  void pass(Duration time) {
    now = now.plus(time);
  }

  static ByteBuffer bytes(String text) {
    return ByteBuffer.wrap(text.getBytes(UTF_8));
  }

  /** Content that doesn't compress, so that sizes are what they seem. */
  static ByteBuffer noise(long seed, int length) {
    byte[] bytes = new byte[length];
    new SplittableRandom(seed).nextBytes(bytes);
    return ByteBuffer.wrap(bytes);
  }

  Manifest manifest(long epoch, List<ChunkId> chunks) {
    return manifest(VM, epoch, 0, chunks);
  }

  Manifest manifest(VmId vm, long epoch, long base, List<ChunkId> chunks) {
    return new Manifest(vm, epoch, base, now, ShadowMode.COLD, chunks, bytes("epoch " + epoch));
  }
}
