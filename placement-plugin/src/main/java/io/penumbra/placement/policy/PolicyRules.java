package io.penumbra.placement.policy;

import java.util.Collections;
import java.util.EnumMap;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The configured rules: what holds by default, and what projects and flavors say otherwise. Values
 * are kept as text and mean the same here and in a tag.
 */
public record PolicyRules(
    SortedMap<PolicyField, String> defaults,
    SortedMap<String, SortedMap<PolicyField, String>> projects,
    SortedMap<String, SortedMap<PolicyField, String>> flavors) {

  public PolicyRules {
    defaults = Collections.unmodifiableSortedMap(new TreeMap<>(defaults));
    projects = Collections.unmodifiableSortedMap(new TreeMap<>(projects));
    flavors = Collections.unmodifiableSortedMap(new TreeMap<>(flavors));
  }

  /** No rules: what Penumbra does when nobody says anything. */
  public static PolicyRules none() {
    return new PolicyRules(
        new TreeMap<>(new EnumMap<>(PolicyField.class)), new TreeMap<>(), new TreeMap<>());
  }
}
