package io.penumbra.tiers.manifest;

import io.penumbra.domain.Guard;
import io.penumbra.domain.VmId;
import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.tiers.ChunkId;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;

/**
 * One kept epoch of a VM: which chunks it needs, and whatever else its writer wants to find again.
 * As long as it exists, no chunk that it names is deleted.
 *
 * @param epoch the writer's number for it
 * @param base version of the manifest that this one builds on, which is then kept as well; 0 when
 *     it stands alone
 * @param cutAt when the state was cut, to the millisecond; retention goes by it
 * @param mode how the shadow is kept; decides in which tier its chunks are placed. None for what is
 *     no epoch, see {@link #mark}
 * @param chunks what this one names by itself, in the order of a restore; without its base's
 * @param body the writer's own, uninterpreted
 */
public record Manifest(
    VmId vm,
    long epoch,
    long base,
    Instant cutAt,
    ShadowMode mode,
    List<ChunkId> chunks,
    ByteBuffer body) {

  /** Most chunks that one manifest names: 1,048,576, or 64 GiB in chunks of 64 KiB. */
  public static final int CHUNKS_MAX = 1 << 20;

  /** Largest body, 16 MiB. */
  public static final int BODY_BYTES_MAX = 16 << 20;

  public Manifest {
    Guard.notNegative("epoch", epoch);
    Guard.notNegative("base", base);
    if (chunks.size() > CHUNKS_MAX) {
      throw new IllegalArgumentException(
          "manifest of %s names %d chunks; expected %d at most, maybe larger ones"
              .formatted(vm, chunks.size(), CHUNKS_MAX));
    }
    if (body.remaining() > BODY_BYTES_MAX) {
      throw new IllegalArgumentException(
          "manifest of %s has a body of %d bytes; expected %d at most, maybe put it into a chunk"
              .formatted(vm, body.remaining(), BODY_BYTES_MAX));
    }
    cutAt = cutAt.truncatedTo(ChronoUnit.MILLIS);
    chunks = List.copyOf(chunks);
    byte[] copy = new byte[body.remaining()];
    body.duplicate().get(copy);
    body = ByteBuffer.wrap(copy).asReadOnlyBuffer();
  }

  /**
   * Says that a VM is forgotten: what is older counts no more. It takes a version like any other,
   * so that no number is given twice, and whoever keeps an epoch of the VM after it goes on from
   * there.
   */
  public static Manifest mark(VmId vm, Instant at) {
    return new Manifest(vm, 0, 0, at, ShadowMode.NONE, List.of(), ByteBuffer.allocate(0));
  }

  /** Whether it is no epoch, but says that all older ones are forgotten. */
  public boolean isMark() {
    return mode == ShadowMode.NONE;
  }

  /** The body; every caller gets a position of its own. */
  @Override
  public ByteBuffer body() {
    return body.duplicate();
  }
}
