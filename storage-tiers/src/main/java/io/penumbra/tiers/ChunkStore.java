package io.penumbra.tiers;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.Consumer;

/**
 * Keeps chunks: pieces of a shadow's state, named by their content. Safe for use by several
 * threads. A store never hands out bytes that are not what was put.
 */
public interface ChunkStore {

  /** Largest chunk, 64 MiB. Larger content is cut before it gets here. */
  int CHUNK_BYTES_MAX = 64 << 20;

  /**
   * Keeps this content. When it says {@code Stored}, the chunk survives a crash of the machine.
   *
   * @throws IllegalArgumentException if there is more than {@link #CHUNK_BYTES_MAX}
   */
  Put put(ByteBuffer content);

  /**
   * Keeps several, in one go where the store can: durable together costs little more than durable
   * alone. Answers are in the order of the contents.
   */
  default List<Put> putAll(List<ByteBuffer> contents) {
    return contents.stream().map(this::put).toList();
  }

  /** What this store would call this content, whether or not it has it. */
  ChunkId name(ByteBuffer content);

  /** Reads a chunk and checks it against its name. */
  Got get(ChunkId id);

  /** Takes chunks that are read several at a time. */
  interface Taker {

    /**
     * Takes one; called once for each place in the list, from several threads at once and in no
     * order that could be relied on, though near to that of the list.
     */
    void take(int index, ByteBuffer content) throws IOException;
  }

  /** What reading several gave. */
  sealed interface ReadAll {

    /** All were read and taken. */
    record Complete(long bytes) implements ReadAll {}

    /** This one can't be had; others may have been taken. */
    record Stopped(int index, Got why) implements ReadAll {}
  }

  /**
   * Reads several, as fast as the store can: a restore.
   *
   * @throws IOException what the taker throws
   */
  default ReadAll readAll(List<ChunkId> ids, Taker taker) throws IOException {
    long bytes = 0;
    for (int index = 0; index < ids.size(); index++) {
      Got got = get(ids.get(index));
      if (!(got instanceof Got.Found(ByteBuffer content))) {
        return new ReadAll.Stopped(index, got);
      }
      bytes += content.remaining();
      taker.take(index, content);
    }
    return new ReadAll.Complete(bytes);
  }

  /** Names every chunk, in order. What is put or deleted meanwhile may or may not be named. */
  void list(Consumer<ChunkId> consumer);

  /** Removes a chunk. */
  Deletion delete(ChunkId id);

  /** What became of a put. */
  sealed interface Put {

    /**
     * It is durable.
     *
     * @param added false when the same content was there already
     */
    record Stored(ChunkId id, boolean added) implements Put {}

    /** There is no room. Nothing was kept. */
    record Full(long bytesAsked, long bytesFree) implements Put {}
  }

  /** What a read gave. */
  sealed interface Got {

    /** The content, read-only, exactly as it was put. */
    record Found(ByteBuffer content) implements Got {}

    /** No such chunk. */
    record NotFound(ChunkId id) implements Got {}

    /**
     * Something is kept under this name, but it is not what was put. Fetch it from elsewhere.
     *
     * @param bytes how much there is
     * @param evidence how we know
     */
    record Corrupt(ChunkId id, long bytes, String evidence) implements Got {}
  }

  /** What became of a deletion. */
  sealed interface Deletion {

    /** It is gone. */
    record Deleted(ChunkId id) implements Deletion {}

    /** It was not there. */
    record NothingThere(ChunkId id) implements Deletion {}
  }

  /** The place itself does not answer. Nobody can say what became of the chunk: ask again. */
  record Unavailable(String reason) implements Put, Got, Deletion {}
}
