package io.penumbra.domain;

/**
 * One placement request; a decision carries the same id. Ordered by its text, which is how ties are
 * broken.
 */
public record RequestId(String value) implements Comparable<RequestId> {

  public RequestId {
    Guard.identifier("request id", value);
  }

  public static RequestId of(String value) {
    return new RequestId(value);
  }

  @Override
  public int compareTo(RequestId other) {
    return value.compareTo(other.value);
  }

  @Override
  public String toString() {
    return value;
  }
}
