package io.penumbra.placement.policy;

import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Collectors;

/** The fields of a protection policy that a rule or a tag can set, one by one. */
public enum PolicyField {
  MODE("mode", "cold", "warm"),
  SHADOWS("shadows", "1", "1"),
  RPO("rpo", "60s", "5s"),
  RTO("rto", "5m", "30s"),
  DIVERSITY("diversity", "host, rack", "host, rack"),
  COMMIT("commit", "async", "output-commit"),
  PRIORITY("priority", "0", "0"),
  RISK_CHECK("risk-check", "0.05", "0.05"),
  RISK_ACT("risk-act", "0.2", "0.2");

  private final String key;
  private final String builtIn;
  private final String safe;

  PolicyField(String key, String builtIn, String safe) {
    this.key = key;
    this.builtIn = builtIn;
    this.safe = safe;
  }

  /** The name in a configuration file. */
  public String key() {
    return key;
  }

  /** The name as a tag on a VM. */
  public String tag() {
    return PolicyResolver.TAG_PREFIX + key;
  }

  /** What holds when nobody says anything. */
  public String builtIn() {
    return builtIn;
  }

  /** What is taken for a value that cannot be read, unless the rules below it protect more. */
  String safe() {
    return safe;
  }

  static Optional<PolicyField> ofKey(String key) {
    return Arrays.stream(values()).filter(field -> field.key.equals(key)).findFirst();
  }

  static String keys() {
    return Arrays.stream(values()).map(PolicyField::key).collect(Collectors.joining(", "));
  }
}
