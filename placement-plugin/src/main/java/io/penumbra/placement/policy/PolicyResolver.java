package io.penumbra.placement.policy;

import io.penumbra.domain.FlavorId;
import io.penumbra.domain.ProjectId;
import io.penumbra.domain.policy.EffectivePolicy;
import io.penumbra.placement.policy.PolicyDraft.BadValue;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Says how a VM is protected, and which rule said so. Field by field, the VM's tag {@code
 * penumbra:<field>} counts over the rule of its flavor, that over the rule of its project, that
 * over the default.
 *
 * <p>A tag that cannot be read does not cost protection: the problem is reported, and the field is
 * set to the safer of what the rules say and a fixed safe value (warm, one shadow, output commit,
 * and so on).
 */
public final class PolicyResolver {

  /** What the tags that concern Penumbra begin with. */
  public static final String TAG_PREFIX = "penumbra:";

  private final PolicyRules rules;

  public PolicyResolver(PolicyRules rules) {
    this.rules = rules;
  }

  public PolicyRules rules() {
    return rules;
  }

  /** Field by field: the VM's tags over its flavor over its project over the default. */
  public Resolution resolve(ProjectId project, FlavorId flavor, SortedMap<String, String> tags) {
    PolicyDraft draft = new PolicyDraft();
    List<String> problems = new ArrayList<>();
    List<String> sources = new ArrayList<>();
    for (PolicyField field : PolicyField.values()) {
      String origin = rule(draft, field, project, flavor);
      String tag = tags.get(field.tag());
      if (tag != null) {
        origin = tag(draft, field, tag, origin, problems);
      }
      if (!origin.isEmpty()) {
        sources.add(field.key() + "=" + draft.show(field) + " by " + origin);
      }
    }
    reportUnknown(tags, problems);
    if (draft.thresholdsAreSwapped()) {
      problems.add(
          "risk-check %s is above risk-act %s; %s is taken for both"
              .formatted(
                  draft.show(PolicyField.RISK_CHECK),
                  draft.show(PolicyField.RISK_ACT),
                  draft.show(PolicyField.RISK_ACT)));
    }
    String source =
        sources.isEmpty() ? "default" : String.join(", ", sources) + "; the rest by default";
    return new Resolution(new EffectivePolicy(draft.finish(), source), problems);
  }

  /** Sets the field from the rules; returns which rule it was, empty for the default. */
  private String rule(PolicyDraft draft, PolicyField field, ProjectId project, FlavorId flavor) {
    String byFlavor = rules.flavors().getOrDefault(flavor.value(), NO_RULE).get(field);
    String byProject = rules.projects().getOrDefault(project.value(), NO_RULE).get(field);
    if (byFlavor != null) {
      must(draft, field, byFlavor);
      return "flavor " + flavor + (byProject == null ? "" : " over project " + project);
    }
    if (byProject != null) {
      must(draft, field, byProject);
      return "project " + project;
    }
    must(draft, field, rules.defaults().getOrDefault(field, field.builtIn()));
    return "";
  }

  private static String tag(
      PolicyDraft draft, PolicyField field, String text, String below, List<String> problems) {
    String over = below.isEmpty() ? "" : " over " + below;
    try {
      draft.set(field, text);
      return "tag" + over;
    } catch (BadValue bad) {
      try {
        draft.raise(field, field.safe());
      } catch (BadValue impossible) {
        throw new IllegalStateException("safe value of " + field.key(), impossible);
      }
      problems.add(
          "tag %s is '%s'; expected %s; %s is taken"
              .formatted(field.tag(), text, bad.expected(), draft.show(field)));
      return "unreadable tag" + over;
    }
  }

  private static void reportUnknown(SortedMap<String, String> tags, List<String> problems) {
    for (String name : tags.keySet()) {
      if (name.startsWith(TAG_PREFIX)
          && PolicyField.ofKey(name.substring(TAG_PREFIX.length())).isEmpty()) {
        problems.add(
            "tag %s is not known and is ignored; known after '%s' are %s"
                .formatted(name, TAG_PREFIX, PolicyField.keys()));
      }
    }
  }

  /** For values that were checked when the rules were made. */
  private static void must(PolicyDraft draft, PolicyField field, String text) {
    try {
      draft.set(field, text);
    } catch (BadValue bad) {
      throw new IllegalStateException(
          "%s '%s': expected %s".formatted(field.key(), text, bad.expected()), bad);
    }
  }

  private static final SortedMap<PolicyField, String> NO_RULE =
      Collections.unmodifiableSortedMap(new TreeMap<>());

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
}
