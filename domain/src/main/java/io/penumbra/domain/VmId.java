package io.penumbra.domain;

/**
 * One virtual machine (instance), by the identifier its cloud gives it. Ordered by its text, which
 * is how ties are broken.
 */
public record VmId(String value) implements Comparable<VmId> {

  public VmId {
    Guard.identifier("VM id", value);
  }

  public static VmId of(String value) {
    return new VmId(value);
  }

  @Override
  public int compareTo(VmId other) {
    return value.compareTo(other.value);
  }

  @Override
  public String toString() {
    return value;
  }
}
