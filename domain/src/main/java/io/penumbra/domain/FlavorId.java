package io.penumbra.domain;

/** The size template a VM was ordered with. Ordered by its text, which is how ties are broken. */
public record FlavorId(String value) implements Comparable<FlavorId> {

  public FlavorId {
    Guard.identifier("flavor id", value);
  }

  public static FlavorId of(String value) {
    return new FlavorId(value);
  }

  @Override
  public int compareTo(FlavorId other) {
    return value.compareTo(other.value);
  }

  @Override
  public String toString() {
    return value;
  }
}
