package io.penumbra.simulator.chance;

import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/**
 * One seed, split into streams by name. What one subsystem draws never moves what another one
 * draws, so two runs that differ in their policies see the same arrivals and the same broken
 * hardware.
 */
public record Seeds(long root) {

  private static final long FNV_OFFSET = 0xcbf29ce484222325L;
  private static final long FNV_PRIME = 0x100000001b3L;
  private static final long GOLDEN = 0x9e3779b97f4a7c15L;

  /** The seed of a named stream. */
  public long of(String name) {
    long hash = FNV_OFFSET;
    for (int i = 0; i < name.length(); i++) {
      hash = (hash ^ name.charAt(i)) * FNV_PRIME;
    }
    return mix(root + GOLDEN * mix(hash));
  }

  /** The seed of one member of a named family of streams: one per host, one per VM. */
  public long of(String name, long member) {
    return mix(of(name) + GOLDEN * mix(member + GOLDEN));
  }

  /** Independent seeds for a part that splits again. */
  public Seeds child(String name) {
    return new Seeds(of(name));
  }

  /** A generator that starts at the beginning of the named stream. */
  public RandomGenerator stream(String name) {
    return new SplittableRandom(of(name));
  }

  /** A generator for one member of a named family of streams. */
  public RandomGenerator stream(String name, long member) {
    return new SplittableRandom(of(name, member));
  }

  /** A number in [0, 1) that depends on the stream and the member only. */
  public double uniform(String name, long member) {
    return toUniform(of(name, member));
  }

  /** The top 53 bits as a number in [0, 1). */
  public static double toUniform(long bits) {
    return (bits >>> 11) * 0x1.0p-53;
  }

  /** A bijection of 64 bits in which every input bit moves every output bit (Stafford's mix 13). */
  public static long mix(long value) {
    long z = (value ^ (value >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }
}
