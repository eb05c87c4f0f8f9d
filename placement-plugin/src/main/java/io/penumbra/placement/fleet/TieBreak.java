package io.penumbra.placement.fleet;

import io.penumbra.domain.HostId;

/**
 * Decides between equal scores. A request's seed chooses one of {@link #ORDERS} fixed random orders
 * of the hosts, each a hash of the host's id; the smaller hash wins, then the smaller id. There are
 * few orders so that the index can keep the smallest hash of every subtree for each of them, and a
 * fleet of equal, empty hosts is decided as fast as any other.
 */
public final class TieBreak {

  /** How many orders there are. */
  public static final int ORDERS = 4;

  private TieBreak() {}

  /** Which of the orders a seed stands for. */
  public static int orderOf(long seed) {
    return (int) (mix(seed) >>> 62);
  }

  /** A host's rank in one of the orders; the smaller comes first. */
  public static long rankOf(HostId host, int order) {
    return rank(idHash(host), order);
  }

  /** FNV-1a over the characters with a finishing mix; equal on every machine and in every run. */
  static long idHash(HostId host) {
    String text = host.value();
    long h = 0xcbf29ce484222325L;
    for (int i = 0; i < text.length(); i++) {
      h = (h ^ text.charAt(i)) * 0x100000001b3L;
    }
    return mix(h);
  }

  static long rank(long idHash, int order) {
    return mix(idHash + (order + 1) * 0x9E3779B97F4A7C15L);
  }

  /** The finalizer of SplitMix64 (Steele, Lea and Flood 2014). */
  static long mix(long z) {
    long a = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
    long b = (a ^ (a >>> 27)) * 0x94d049bb133111ebL;
    return b ^ (b >>> 31);
  }
}
