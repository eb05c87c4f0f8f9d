package io.penumbra.domain;

/**
 * One compute node or ESXi host, by the name its cloud gives it. Ordered by its text, which is how
 * ties are broken.
 */
public record HostId(String value) implements Comparable<HostId> {

  public HostId {
    Guard.identifier("host id", value);
  }

  public static HostId of(String value) {
    return new HostId(value);
  }

  @Override
  public int compareTo(HostId other) {
    return value.compareTo(other.value);
  }

  @Override
  public String toString() {
    return value;
  }
}
