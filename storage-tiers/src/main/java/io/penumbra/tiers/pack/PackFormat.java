package io.penumbra.tiers.pack;

import io.penumbra.tiers.ChunkId;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.zip.CRC32C;

/**
 * What a pack looks like.
 *
 * <pre>
 * pack    = "PNPACK01" 0:8 record* index trailer
 * record  = 'REC1' length:4 id:32 crc32c:4 sealed chunk:length      crc over length, id, chunk
 * index   = 'INDX' count:4 (id:32 offset:4 length:4)* crc32c:4      crc over all before it
 * trailer = offset of index:4 bytes of index:4 "PNEND001"
 * </pre>
 *
 * <p>A pack without a trailer was being written when its machine stopped. Its records are found one
 * after the other; what was answered for is among them, because it was forced.
 */
public final class PackFormat {

  /** Bytes before the first record. */
  public static final int HEADER_BYTES = 16;

  /** Bytes that a record has beside its sealed chunk. */
  public static final int RECORD_BYTES = 44;

  /** Bytes of the trailer. */
  public static final int TRAILER_BYTES = 16;

  private static final long PACK_MAGIC = 0x504e_5041_434b_3031L;
  private static final long END_MAGIC = 0x504e_454e_4430_3031L;
  private static final int RECORD_MAGIC = 0x5245_4331;
  private static final int INDEX_MAGIC = 0x494e_4458;
  private static final int ENTRY_BYTES = ChunkId.BYTES + 8;

  private PackFormat() {}

  /** Where a record is in its pack. */
  public record Entry(ChunkId id, int offset, int length) {}

  /** One whole record, and where it was found. */
  public record SealedRecord(ChunkId id, int offset, ByteBuffer sealed) {}

  static ByteBuffer header() {
    return ByteBuffer.allocate(HEADER_BYTES).putLong(PACK_MAGIC).putLong(0).flip();
  }

  static ByteBuffer record(ChunkId id, ByteBuffer sealed) {
    ByteBuffer record = ByteBuffer.allocate(RECORD_BYTES + sealed.remaining());
    record.putInt(RECORD_MAGIC).putInt(sealed.remaining());
    id.write(record);
    record.putInt(crc(id, sealed)).put(sealed.duplicate());
    return record.flip();
  }

  private static int crc(ChunkId id, ByteBuffer sealed) {
    ByteBuffer head = ByteBuffer.allocate(Integer.BYTES + ChunkId.BYTES).putInt(sealed.remaining());
    id.write(head);
    CRC32C crc = new CRC32C();
    crc.update(head.flip());
    crc.update(sealed.duplicate());
    return (int) crc.getValue();
  }

  /** Index and trailer for these records. */
  static ByteBuffer footer(List<Entry> entries, int indexOffset) {
    int indexBytes = 12 + entries.size() * ENTRY_BYTES;
    ByteBuffer footer = ByteBuffer.allocate(indexBytes + TRAILER_BYTES);
    footer.putInt(INDEX_MAGIC).putInt(entries.size());
    for (Entry entry : entries) {
      entry.id().write(footer);
      footer.putInt(entry.offset()).putInt(entry.length());
    }
    CRC32C crc = new CRC32C();
    crc.update(footer.duplicate().flip());
    footer.putInt((int) crc.getValue());
    return footer.putInt(indexOffset).putInt(indexBytes).putLong(END_MAGIC).flip();
  }

  /** How many bytes before the end the footer begins; empty if this is no trailer. */
  static Optional<Integer> footerBytes(ByteBuffer trailer, long packBytes) {
    if (trailer.remaining() != TRAILER_BYTES) {
      return Optional.empty();
    }
    ByteBuffer from = trailer.duplicate();
    int indexOffset = from.getInt();
    int indexBytes = from.getInt();
    boolean fits =
        from.getLong() == END_MAGIC
            && indexOffset >= HEADER_BYTES
            && indexBytes >= 12
            && (long) indexOffset + indexBytes + TRAILER_BYTES == packBytes;
    return fits ? Optional.of(indexBytes + TRAILER_BYTES) : Optional.empty();
  }

  /** The entries of a footer; empty if it is damaged. */
  static Optional<List<Entry>> entries(ByteBuffer footer) {
    int indexBytes = footer.remaining() - TRAILER_BYTES;
    if (indexBytes < 12) {
      return Optional.empty();
    }
    ByteBuffer index = footer.slice(footer.position(), indexBytes);
    CRC32C crc = new CRC32C();
    crc.update(index.slice(0, indexBytes - Integer.BYTES));
    if (index.getInt(0) != INDEX_MAGIC
        || index.getInt(indexBytes - Integer.BYTES) != (int) crc.getValue()
        || index.getInt(4) != (indexBytes - 12) / ENTRY_BYTES) {
      return Optional.empty();
    }
    index.position(8);
    List<Entry> entries = new ArrayList<>();
    while (index.remaining() > Integer.BYTES) {
      entries.add(new Entry(ChunkId.read(index), index.getInt(), index.getInt()));
    }
    return Optional.of(entries);
  }

  /** The record at this place of a part of a pack; empty if it isn't whole or is damaged. */
  public static Optional<SealedRecord> recordAt(ByteBuffer part, int position, int offset) {
    if (part.limit() - position < RECORD_BYTES || part.getInt(position) != RECORD_MAGIC) {
      return Optional.empty();
    }
    ByteBuffer from = part.duplicate().position(position + Integer.BYTES);
    int length = from.getInt();
    if (length < 0 || length > part.limit() - position - RECORD_BYTES) {
      return Optional.empty();
    }
    ChunkId id = ChunkId.read(from);
    int expected = from.getInt();
    ByteBuffer sealed = from.slice(from.position(), length);
    return crc(id, sealed) == expected
        ? Optional.of(new SealedRecord(id, offset, sealed))
        : Optional.empty();
  }

  /** Whole records one after the other from the start of this part, up to the first that isn't. */
  static List<SealedRecord> run(ByteBuffer part, int offset) {
    List<SealedRecord> records = new ArrayList<>();
    int position = part.position();
    Optional<SealedRecord> next = recordAt(part, position, offset);
    while (next.isPresent()) {
      records.add(next.get());
      int bytes = RECORD_BYTES + next.get().sealed().remaining();
      position += bytes;
      offset += bytes;
      next = recordAt(part, position, offset);
    }
    return records;
  }

  /**
   * Every whole record of a pack, also behind a damaged place: rot in the middle must not cost what
   * comes after it.
   */
  static List<SealedRecord> salvage(ByteBuffer pack) {
    List<SealedRecord> records = new ArrayList<>();
    int position = HEADER_BYTES;
    while (position <= pack.limit() - RECORD_BYTES) {
      Optional<SealedRecord> found = recordAt(pack, position, position);
      if (found.isPresent()) {
        records.add(found.get());
        position += RECORD_BYTES + found.get().sealed().remaining();
      } else {
        position++;
      }
    }
    return records;
  }
}
