package io.penumbra.placement.policy;

/** The fields of a protection policy that a rule or a tag can set, one by one. */
public enum PolicyField {
  MODE("mode"),
  SHADOWS("shadows"),
  RPO("rpo"),
  RTO("rto"),
  DIVERSITY("diversity"),
  COMMIT("commit"),
  PRIORITY("priority"),
  RISK_CHECK("risk-check"),
  RISK_ACT("risk-act");

  private final String key;

  PolicyField(String key) {
    this.key = key;
  }

  /** The name in a configuration file. */
  public String key() {
    return key;
  }

  /** The name as a tag on a VM. */
  public String tag() {
    return "penumbra:" + key;
  }
}
