package io.penumbra.domain;

/** One run of the failover saga. Ordered by its text, which is how ties are broken. */
public record SagaId(String value) implements Comparable<SagaId> {

  public SagaId {
    Guard.identifier("saga id", value);
  }

  public static SagaId of(String value) {
    return new SagaId(value);
  }

  @Override
  public int compareTo(SagaId other) {
    return value.compareTo(other.value);
  }

  @Override
  public String toString() {
    return value;
  }
}
