package io.penumbra.domain;

/**
 * One affinity or anti-affinity group (Nova server group, DRS rule). Ordered by its text, which is
 * how ties are broken.
 */
public record GroupId(String value) implements Comparable<GroupId> {

  public GroupId {
    Guard.identifier("group id", value);
  }

  public static GroupId of(String value) {
    return new GroupId(value);
  }

  @Override
  public int compareTo(GroupId other) {
    return value.compareTo(other.value);
  }

  @Override
  public String toString() {
    return value;
  }
}
