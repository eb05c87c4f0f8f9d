package io.penumbra.tiers.manifest;

import io.penumbra.domain.VmId;
import io.penumbra.tiers.ChunkId;
import java.time.Instant;
import java.util.List;

/**
 * Keeps the manifests of every VM as versions 1, 2, 3... Safe for use by several threads, and by
 * several writers on several machines that share one object tier.
 */
public interface ManifestStore {

  /**
   * Adds a manifest. First all chunks that it names must have been {@code Stored} here; they are
   * safe from garbage collection from that moment.
   *
   * @param expected version that the writer believes to be the newest of this VM; 0 for none. If it
   *     isn't, somebody else has written, and nothing is added.
   */
  Commit commit(Manifest manifest, long expected);

  /** The newest one of a VM; while the object tier is away, the newest that this machine knows. */
  Reading newest(VmId vm);

  /** This version. */
  Reading read(VmId vm, long version);

  /** Versions that exist, oldest first. */
  Versions versions(VmId vm);

  /** VMs that have a manifest, in order. */
  Vms vms();

  /** Removes a version; the chunks that only it named become garbage. */
  Removal remove(VmId vm, long version);

  /**
   * Removes every epoch of a VM that is gone for good. First a {@link Manifest#mark} is committed
   * above them, which decides between this and a writer; it stays. After a crash half way, or where
   * the mark is the newest already, the rest is removed.
   *
   * @param newest version that the caller has seen as the newest. If it isn't, somebody else has
   *     written, and nothing is removed.
   */
  Removal forget(VmId vm, long newest, Instant at);

  /** What became of a commit. */
  sealed interface Commit {

    /** It is durable, it is the newest, and nobody else can have this version. */
    record Committed(long version) implements Commit {}

    /**
     * It is durable on this machine, but the object tier, which decides between writers, doesn't
     * answer. It is sent there as soon as that one does. Should another writer have won meanwhile,
     * it is dropped, and every later commit answers {@link Conflict}.
     */
    record Held(long version, String why) implements Commit {}

    /** Another writer has written; nothing was added. Read the newest and decide again. */
    record Conflict(long expected, long newest) implements Commit {}

    /** These chunks aren't here, maybe no longer: put them again, then commit again. */
    record ChunksMissing(List<ChunkId> missing) implements Commit {

      public ChunksMissing {
        missing = List.copyOf(missing);
      }
    }

    /** The manifest that it builds on doesn't exist, maybe no longer. Nothing was added. */
    record MissingBase(long base) implements Commit {}
  }

  /** What a read gave. */
  sealed interface Reading {

    /**
     * Here it is, as it was committed.
     *
     * @param writer the store that committed it
     */
    record Found(long version, String writer, Manifest manifest) implements Reading {}

    /** No such version, or none at all. */
    record NotFound(VmId vm) implements Reading {}

    /** Something is kept there, but not what was committed. */
    record Corrupt(VmId vm, long version, String evidence) implements Reading {}
  }

  /** What a listing of versions gave. */
  sealed interface Versions {

    /** All of them, oldest first. */
    record Known(List<Long> versions) implements Versions {

      public Known {
        versions = List.copyOf(versions);
      }
    }
  }

  /** What a listing of VMs gave. */
  sealed interface Vms {

    /** All of them, in order. */
    record Known(List<VmId> vms) implements Vms {

      public Known {
        vms = List.copyOf(vms);
      }
    }
  }

  /** What became of a removal. */
  sealed interface Removal {

    /** It doesn't exist any more. */
    record Removed(VmId vm, long version) implements Removal {}

    /** It is the newest, so it stays: its number must not be given away again. */
    record IsNewest(long version) implements Removal {}

    /** Another version builds on it, so it stays. */
    record NeededBy(long version) implements Removal {}

    /** Somebody has written after the version that was named as the newest, so all of it stays. */
    record Overtaken(long newest) implements Removal {}
  }

  /** The place doesn't answer. Nobody can say what became of it: ask again. */
  record Unavailable(String reason) implements Commit, Reading, Versions, Vms, Removal {}
}
