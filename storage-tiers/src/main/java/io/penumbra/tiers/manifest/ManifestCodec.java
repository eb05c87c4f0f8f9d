package io.penumbra.tiers.manifest;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.penumbra.domain.VmId;
import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.tiers.ChunkId;
import io.penumbra.tiers.seal.ChunkSeal;
import io.penumbra.tiers.seal.Opened;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/**
 * A manifest as it is kept: the name of its content, then the content, sealed like a chunk. So it
 * is encrypted when chunks are, and a flipped bit doesn't pass.
 */
final class ManifestCodec {

  private static final int MAGIC = 0x504d_414e;
  private static final int FORMAT = 1;
  private static final int FIXED_BYTES = 64;

  private final ChunkSeal seal;
  private final byte[] writer;

  ManifestCodec(ChunkSeal seal, String writer) {
    this.seal = seal;
    this.writer = writer.getBytes(UTF_8);
  }

  /** The kept form of this version. */
  ByteBuffer encode(long version, Manifest manifest) {
    byte[] vm = manifest.vm().value().getBytes(UTF_8);
    ByteBuffer body = manifest.body();
    ByteBuffer plain =
        ByteBuffer.allocate(
            FIXED_BYTES
                + vm.length
                + writer.length
                + manifest.chunks().size() * ChunkId.BYTES
                + body.remaining());
    plain.putInt(MAGIC).putInt(FORMAT).putLong(version);
    plain.putShort((short) vm.length).put(vm);
    plain.putShort((short) writer.length).put(writer);
    plain.putLong(manifest.epoch()).putLong(manifest.base());
    plain.putLong(manifest.cutAt().toEpochMilli());
    plain.put(code(manifest.mode()));
    plain.putInt(manifest.chunks().size());
    manifest.chunks().forEach(chunk -> chunk.write(plain));
    plain.putInt(body.remaining()).put(body);
    plain.flip();
    ChunkId name = seal.name(plain);
    ByteBuffer sealed = seal.seal(name, plain);
    ByteBuffer kept = ByteBuffer.allocate(ChunkId.BYTES + sealed.remaining());
    name.write(kept);
    return kept.put(sealed).flip();
  }

  /** The manifest again. */
  ManifestStore.Reading decode(VmId vm, long version, ByteBuffer kept) {
    if (kept.remaining() < ChunkId.BYTES) {
      return corrupt(vm, version, "%d bytes".formatted(kept.remaining()));
    }
    ByteBuffer from = kept.duplicate();
    ChunkId name = ChunkId.read(from);
    return switch (seal.open(name, from)) {
      case Opened.Damaged(String evidence) -> corrupt(vm, version, evidence);
      case Opened.KeyMissing missing -> new ManifestStore.Unavailable(missing.reason());
      case Opened.Content(ByteBuffer plain) -> {
        try {
          yield parse(vm, version, plain.duplicate());
        } catch (BufferUnderflowException | IllegalArgumentException | DateTimeException e) {
          yield corrupt(vm, version, "its fields make no sense: " + e);
        }
      }
    };
  }

  private static ManifestStore.Reading parse(VmId vm, long version, ByteBuffer plain) {
    if (plain.getInt() != MAGIC || plain.getInt() != FORMAT) {
      return corrupt(vm, version, "is no manifest that this Penumbra knows");
    }
    long written = plain.getLong();
    VmId actual = VmId.of(text(plain));
    String writer = text(plain);
    if (written != version || !actual.equals(vm)) {
      // A good manifest under somebody else's name must not pass.
      return corrupt(vm, version, "is version %d of %s".formatted(written, actual));
    }
    long epoch = plain.getLong();
    long base = plain.getLong();
    Instant cutAt = Instant.ofEpochMilli(plain.getLong());
    ShadowMode mode = mode(plain.get());
    int count = plain.getInt();
    if (count < 0 || count > Manifest.CHUNKS_MAX) {
      return corrupt(vm, version, "names %d chunks".formatted(count));
    }
    List<ChunkId> chunks = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      chunks.add(ChunkId.read(plain));
    }
    ByteBuffer body = plain.slice(plain.position() + Integer.BYTES, plain.getInt());
    return new ManifestStore.Reading.Found(
        version, writer, new Manifest(vm, epoch, base, cutAt, mode, chunks, body));
  }

  private static String text(ByteBuffer plain) {
    byte[] bytes = new byte[Short.toUnsignedInt(plain.getShort())];
    plain.get(bytes);
    return new String(bytes, UTF_8);
  }

  private static byte code(ShadowMode mode) {
    return switch (mode) {
      case NONE -> 0;
      case COLD -> 1;
      case WARM -> 2;
    };
  }

  private static ShadowMode mode(byte code) {
    return switch (code) {
      case 0 -> ShadowMode.NONE;
      case 1 -> ShadowMode.COLD;
      case 2 -> ShadowMode.WARM;
      default -> throw new IllegalArgumentException("shadow mode " + code);
    };
  }

  private static ManifestStore.Reading corrupt(VmId vm, long version, String evidence) {
    return new ManifestStore.Reading.Corrupt(vm, version, evidence);
  }
}
