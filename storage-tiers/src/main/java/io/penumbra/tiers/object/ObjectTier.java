package io.penumbra.tiers.object;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * Keeps whole objects under keys such as {@code packs/a/0001}. What is written is durable and seen
 * by every later read and listing (S3 promises that since 2020). Safe for use by several threads.
 */
public interface ObjectTier extends AutoCloseable {

  /** Largest object, 256 MiB: one request writes it. */
  int OBJECT_BYTES_MAX = 256 << 20;

  /** Writes an object, whether or not there is one under this key. */
  Write put(String key, ByteBuffer content);

  /** Writes an object only if there is none under this key: of several writers, one succeeds. */
  Write putIfAbsent(String key, ByteBuffer content);

  /** Reads a whole object. */
  Fetch get(String key);

  /** Reads a part of an object; less if it ends before. */
  Fetch get(String key, long offset, int length);

  /** Every object whose key begins so, in the order of keys. */
  Listing list(String prefix);

  /** Removes an object; fine if there is none. */
  Erasure delete(String key);

  /** What a person calls this place: a directory, or endpoint and bucket. Never a secret. */
  String describe();

  @Override
  void close() throws IOException;

  /** What became of a write. */
  sealed interface Write {

    /** It is durable. */
    record Written() implements Write {}

    /** There is one already, and it stayed as it was. */
    record Exists() implements Write {}

    /** There is no room, or a quota of the place forbids it. */
    record Full(String reason) implements Write {}
  }

  /** What a read gave. */
  sealed interface Fetch {

    /** The bytes. */
    record Content(ByteBuffer bytes) implements Fetch {}

    /** No such object. */
    record Missing() implements Fetch {}
  }

  /** What a listing gave. */
  sealed interface Listing {

    /** All of them. */
    record Entries(List<Entry> entries) implements Listing {

      public Entries {
        entries = List.copyOf(entries);
      }
    }
  }

  /** What became of a deletion. */
  sealed interface Erasure {

    /** There is no such object any more. */
    record Gone() implements Erasure {}
  }

  /** One object of a listing. */
  record Entry(String key, long bytes) {}

  /**
   * The place doesn't answer, or refuses, or its answer broke off. A write may have happened or
   * not.
   */
  record Unavailable(String reason) implements Write, Fetch, Listing, Erasure {}
}
