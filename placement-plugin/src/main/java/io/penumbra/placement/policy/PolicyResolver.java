package io.penumbra.placement.policy;

import io.penumbra.domain.FlavorId;
import io.penumbra.domain.ProjectId;
import io.penumbra.domain.policy.EffectivePolicy;
import java.util.List;
import java.util.SortedMap;

/** Says how a VM is protected, and which rule said so. */
public final class PolicyResolver {

  private static final boolean STUB = Boolean.parseBoolean("true");
  private final PolicyRules rules;

  public PolicyResolver(PolicyRules rules) {
    this.rules = rules;
  }

  public PolicyRules rules() {
    return rules;
  }

  /** Field by field: the VM's tags over its flavor over its project over the default. */
  public Resolution resolve(ProjectId project, FlavorId flavor, SortedMap<String, String> tags) {
    if (STUB) {
      throw notYet("resolve " + project + flavor + tags);
    }
    throw new AssertionError();
  }

  /**
   * A policy and what was wrong on the way to it.
   *
   * @param problems bad tag values, one line each, with what was taken instead
   */
  public record Resolution(EffectivePolicy effective, List<String> problems) {
    public Resolution {
      problems = List.copyOf(problems);
    }
  }

  private static UnsupportedOperationException notYet(String what) {
    return new UnsupportedOperationException(what);
  }
}
