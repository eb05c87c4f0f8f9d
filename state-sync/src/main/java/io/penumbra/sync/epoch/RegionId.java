package io.penumbra.sync.epoch;

import io.penumbra.domain.Guard;

/** One region of a VM's state by name, for example {@code ram} or {@code disk-0}. */
public record RegionId(String value) implements Comparable<RegionId> {

  public RegionId {
    Guard.identifier("region id", value);
    if (value.indexOf('/') >= 0 || value.startsWith(".")) {
      // It becomes part of a file name at the receiver, and comes from the other end.
      throw new IllegalArgumentException(
          "region id '%s' has a slash or starts with a dot; expected a plain name"
              .formatted(value));
    }
  }

  public static RegionId of(String value) {
    return new RegionId(value);
  }

  @Override
  public int compareTo(RegionId other) {
    return value.compareTo(other.value);
  }

  @Override
  public String toString() {
    return value;
  }
}
