package io.penumbra.tiers.manifest;

import io.penumbra.domain.VmId;
import io.penumbra.tiers.ChunkId;
import io.penumbra.tiers.disk.Disk;
import io.penumbra.tiers.object.ObjectTier;
import io.penumbra.tiers.seal.ChunkSeal;
import io.penumbra.tiers.seal.Opened;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * In which order the last restores on demand of a VM touched its state: what a machine reads first
 * when it comes to life is much the same each time, and most of it can be there before it is asked
 * for (Ustiugov et al., "Benchmarking, Analysis, and Optimization of Serverless Function
 * Snapshots", ASPLOS 2021). One order per VM beside its manifests, in both tiers, sealed as chunks
 * are. It only saves time, so one that is damaged or missing is none.
 */
public final class RestoreOrders {

  /** Most places that are remembered: 262,144, or the first 16 GiB in places of 64 KiB. */
  public static final int PLACES_MAX = 1 << 18;

  private final Disk disk;
  private final ObjectTier objects;
  private final ChunkSeal seal;

  /** Keeps them on this disk and in this object tier. */
  public RestoreOrders(Disk disk, ObjectTier objects, ChunkSeal seal) {
    this.disk = disk;
    this.objects = objects;
    this.seal = seal;
  }

  /** The places in order; none when nobody has restored this VM on demand. */
  public List<Integer> load(VmId vm) {
    Optional<List<Integer>> here = Optional.empty();
    try {
      here = open(disk.read(path(vm), 0, ObjectTier.OBJECT_BYTES_MAX));
    } catch (IOException e) {
      // Another machine may have restored it.
    }
    return here.or(() ->
            objects.get(path(vm)) instanceof ObjectTier.Fetch.Content(ByteBuffer content)
                ? open(content)
                : Optional.empty())
        .orElse(List.of());
  }

  /**
   * Remembers what a restore touched. Then come places that only earlier ones touched, as many as
   * this one did: restores differ, but what none has wanted for long is not fetched for ever.
   *
   * @param touched in order
   * @return whether both tiers have it now
   */
  public boolean save(VmId vm, List<Integer> touched) {
    Set<Integer> places = new LinkedHashSet<>(touched);
    int most = Math.min(PLACES_MAX, 2 * places.size());
    for (int place : load(vm)) {
      if (places.size() < most) {
        places.add(place);
      }
    }
    int count = Math.min(PLACES_MAX, places.size());
    ByteBuffer content = ByteBuffer.allocate(count * Integer.BYTES);
    places.stream().limit(count).forEach(content::putInt);
    ByteBuffer sealed = close(content.flip());
    try {
      disk.makeDirectories(Disk.directoryOf(path(vm)));
      disk.writeWhole(path(vm), sealed);
    } catch (IOException e) {
      return false;
    }
    return objects.put(path(vm), sealed) instanceof ObjectTier.Write.Written;
  }

  /** Forgets the order of a VM; true if neither tier has it any more. */
  public boolean forget(VmId vm) {
    try {
      disk.delete(path(vm));
      return objects.delete(path(vm)) instanceof ObjectTier.Erasure.Gone;
    } catch (IOException e) {
      return false;
    }
  }

  private ByteBuffer close(ByteBuffer content) {
    ChunkId name = seal.name(content);
    ByteBuffer sealed = seal.seal(name, content);
    ByteBuffer whole = ByteBuffer.allocate(ChunkId.BYTES + sealed.remaining());
    name.write(whole);
    return whole.put(sealed).flip();
  }

  private Optional<List<Integer>> open(ByteBuffer whole) {
    if (whole.remaining() < ChunkId.BYTES) {
      return Optional.empty();
    }
    ChunkId name = ChunkId.read(whole);
    if (seal.open(name, whole) instanceof Opened.Content(ByteBuffer content)
        && content.remaining() % Integer.BYTES == 0) {
      int[] places = new int[content.remaining() / Integer.BYTES];
      content.asIntBuffer().get(places);
      return Optional.of(Arrays.stream(places).boxed().toList());
    }
    return Optional.empty();
  }

  private static String path(VmId vm) {
    return ManifestNames.directory(vm).replaceFirst("manifests/", "orders/") + "/order";
  }
}
