package io.penumbra.tiers.manifest;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.domain.VmId;
import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.tiers.ChunkId;
import io.penumbra.tiers.seal.ChunkSeal;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class ManifestCodecTest {

  private static final Manifest MANIFEST =
      new Manifest(
          VmId.of("disk.raw"),
          7,
          3,
          Instant.parse("2026-11-21T08:00:00Z"),
          ShadowMode.COLD,
          List.of(ChunkId.of(ByteBuffer.wrap(new byte[] {1, 2}))),
          ByteBuffer.wrap(new byte[] {9, 8, 7}));

  @Test
  void readsWhatItWroteHoweverLongTheWritersName() {
    for (int length = 0; length < 300; length += 7) {
      String writer = "w".repeat(length);
      ManifestCodec codec = new ManifestCodec(ChunkSeal.plain(3), writer);

      assertThat(codec.decode(MANIFEST.vm(), 5, codec.encode(5, MANIFEST)))
          .isEqualTo(new ManifestStore.Reading.Found(5, writer, MANIFEST));
    }
  }
}
