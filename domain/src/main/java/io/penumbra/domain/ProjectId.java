package io.penumbra.domain;

/**
 * The tenant that owns a VM (OpenStack project, vSphere folder or resource pool). Ordered by its
 * text, which is how ties are broken.
 */
public record ProjectId(String value) implements Comparable<ProjectId> {

  public ProjectId {
    Guard.identifier("project id", value);
  }

  public static ProjectId of(String value) {
    return new ProjectId(value);
  }

  @Override
  public int compareTo(ProjectId other) {
    return value.compareTo(other.value);
  }

  @Override
  public String toString() {
    return value;
  }
}
