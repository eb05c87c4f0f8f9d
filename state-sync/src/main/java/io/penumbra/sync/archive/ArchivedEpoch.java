package io.penumbra.sync.archive;

import io.penumbra.sync.epoch.EpochManifest;
import io.penumbra.sync.frame.ManifestBytes;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;

/**
 * What the store keeps of an epoch beside its chunks.
 *
 * @param chain how many manifests in a row this one builds on, itself included
 * @param pages the pages whose content the chunks hold, in order
 * @param note what whoever restores it needs to know beside the state; may be empty
 */
// Made for one manifest and handed over.
@SuppressWarnings("ArrayRecordComponent")
record ArchivedEpoch(EpochManifest manifest, int chain, int[] pages, ByteBuffer note) {

  ByteBuffer toBytes() {
    byte[] bytes = ManifestBytes.of(manifest);
    ByteBuffer out =
        ByteBuffer.allocate(bytes.length + (3 + pages.length) * Integer.BYTES + note.remaining());
    out.putInt(bytes.length).put(bytes).putInt(chain).putInt(pages.length);
    for (int page : pages) {
      out.putInt(page);
    }
    return out.put(note.duplicate()).flip();
  }

  /**
   * Reads what {@link #toBytes} wrote.
   *
   * @throws IllegalArgumentException if it is something else
   */
  static ArchivedEpoch read(ByteBuffer in) {
    try {
      int length = in.getInt();
      if (length < 0 || length > in.remaining()) {
        throw new IllegalArgumentException("a manifest of %d bytes".formatted(length));
      }
      byte[] manifest = new byte[length];
      in.get(manifest);
      int chain = in.getInt();
      int count = in.getInt();
      if (count < 0 || (long) count * Integer.BYTES > in.remaining()) {
        throw new IllegalArgumentException("%d pages".formatted(count));
      }
      int[] pages = new int[count];
      in.asIntBuffer().get(pages);
      in.position(in.position() + count * Integer.BYTES);
      return new ArchivedEpoch(
          ManifestBytes.read(manifest), chain, pages, in.slice().asReadOnlyBuffer());
    } catch (BufferUnderflowException e) {
      throw new IllegalArgumentException("ends too early", e);
    }
  }
}
