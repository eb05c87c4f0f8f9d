package io.penumbra.tiers.pack;

import io.penumbra.tiers.ChunkId;
import java.util.Optional;

/**
 * Where every chunk is, in flat arrays: 52 bytes a chunk over the load factor, where a hash map of
 * objects takes about 200. Open addressing with linear probing; chunk names are hashes already. Not
 * for several threads at once.
 */
final class ChunkTable {

  private static final int LONGS = 4;
  private static final int INTS = 5;
  private static final int PACK = 0;
  private static final int OFFSET = 1;
  private static final int LENGTH = 2;
  private static final int TOUCHED = 3;
  private static final int MARK = 4;
  private static final double LOAD_MAX = 0.7;

  private long[] ids;
  private int[] values;
  private int capacity;
  private int size;

  ChunkTable() {
    capacity = 1 << 10;
    ids = new long[capacity * LONGS];
    values = new int[capacity * INTS];
  }

  /**
   * Where one chunk is.
   *
   * @param pack its pack's number; never 0
   * @param offset of the record
   * @param length of the sealed chunk
   * @param touched second in which somebody last put or named it
   * @param mark what the last marking left
   */
  record Place(int pack, int offset, int length, int touched, int mark) {

    boolean isSame(Place other) {
      return pack == other.pack && offset == other.offset;
    }
  }

  /** Takes one chunk after the other. */
  interface Visitor {
    void visit(ChunkId id, Place place);
  }

  int size() {
    return size;
  }

  Optional<Place> find(ChunkId id) {
    int slot = slot(id);
    return values[slot * INTS + PACK] == 0 ? Optional.empty() : Optional.of(place(slot));
  }

  void put(ChunkId id, int pack, int offset, int length, int touched) {
    if (size + 1 > capacity * LOAD_MAX) {
      grow();
    }
    int slot = slot(id);
    if (values[slot * INTS + PACK] == 0) {
      size++;
      ids[slot * LONGS] = id.first();
      ids[slot * LONGS + 1] = id.second();
      ids[slot * LONGS + 2] = id.third();
      ids[slot * LONGS + 3] = id.fourth();
      values[slot * INTS + MARK] = 0;
    }
    values[slot * INTS + PACK] = pack;
    values[slot * INTS + OFFSET] = offset;
    values[slot * INTS + LENGTH] = length;
    values[slot * INTS + TOUCHED] = Math.max(touched, values[slot * INTS + TOUCHED]);
  }

  /** Notes that somebody put or named it; false if it isn't there. */
  boolean touch(ChunkId id, int touched) {
    int slot = slot(id);
    if (values[slot * INTS + PACK] == 0) {
      return false;
    }
    values[slot * INTS + TOUCHED] = Math.max(touched, values[slot * INTS + TOUCHED]);
    return true;
  }

  /** Leaves a mark; false if it isn't there. */
  boolean mark(ChunkId id, int mark) {
    int slot = slot(id);
    if (values[slot * INTS + PACK] == 0) {
      return false;
    }
    values[slot * INTS + MARK] = mark;
    return true;
  }

  boolean remove(ChunkId id) {
    int hole = slot(id);
    if (values[hole * INTS + PACK] == 0) {
      return false;
    }
    size--;
    // Moves what follows back, so that no probe ends too early at the hole.
    int next = hole;
    while (true) {
      next = (next + 1) & (capacity - 1);
      if (values[next * INTS + PACK] == 0) {
        break;
      }
      int home = home(ids[next * LONGS]);
      if (((next - home) & (capacity - 1)) >= ((next - hole) & (capacity - 1))) {
        copy(ids, values, next, hole);
        hole = next;
      }
    }
    for (int i = 0; i < INTS; i++) {
      values[hole * INTS + i] = 0;
    }
    return true;
  }

  /** Visits all, in no order that means anything; the table must not change meanwhile. */
  void forEach(Visitor visitor) {
    for (int slot = 0; slot < capacity; slot++) {
      if (values[slot * INTS + PACK] != 0) {
        visitor.visit(id(slot), place(slot));
      }
    }
  }

  private int slot(ChunkId id) {
    int slot = home(id.first());
    while (values[slot * INTS + PACK] != 0
        && !(ids[slot * LONGS] == id.first()
            && ids[slot * LONGS + 1] == id.second()
            && ids[slot * LONGS + 2] == id.third()
            && ids[slot * LONGS + 3] == id.fourth())) {
      slot = (slot + 1) & (capacity - 1);
    }
    return slot;
  }

  private int home(long first) {
    return (int) (first ^ (first >>> 32)) & (capacity - 1);
  }

  private Place place(int slot) {
    int at = slot * INTS;
    return new Place(
        values[at + PACK],
        values[at + OFFSET],
        values[at + LENGTH],
        values[at + TOUCHED],
        values[at + MARK]);
  }

  private ChunkId id(int slot) {
    int at = slot * LONGS;
    return new ChunkId(ids[at], ids[at + 1], ids[at + 2], ids[at + 3]);
  }

  private void copy(long[] fromIds, int[] fromValues, int from, int to) {
    System.arraycopy(fromIds, from * LONGS, ids, to * LONGS, LONGS);
    System.arraycopy(fromValues, from * INTS, values, to * INTS, INTS);
  }

  private void grow() {
    long[] oldIds = ids;
    int[] oldValues = values;
    int old = capacity;
    if (capacity >= 1 << 28) {
      throw new IllegalStateException(
          "%d chunks in one store; maybe use larger chunks or several stores".formatted(size));
    }
    capacity *= 2;
    ids = new long[capacity * LONGS];
    values = new int[capacity * INTS];
    for (int slot = 0; slot < old; slot++) {
      if (oldValues[slot * INTS + PACK] != 0) {
        int at = slot * LONGS;
        ChunkId id = new ChunkId(oldIds[at], oldIds[at + 1], oldIds[at + 2], oldIds[at + 3]);
        copy(oldIds, oldValues, slot, slot(id));
      }
    }
  }
}
