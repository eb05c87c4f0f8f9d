package io.penumbra.simulator.scenario;

import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;

/**
 * A scenario in the making: a file or the defaults, then flags, each later word over the earlier.
 * Nothing is checked until {@link #build}; then the first thing wrong is reported with the file and
 * line, or the flag, it came from.
 */
public final class ScenarioDraft {

  private final YamlNode.Table table;

  private ScenarioDraft(YamlNode.Table table) {
    this.table = table;
  }

  /** Begins with the defaults. */
  public static ScenarioDraft defaults() {
    return new ScenarioDraft(YamlNode.empty("defaults"));
  }

  /** Begins with a scenario file. */
  public static ScenarioDraft from(Path file) {
    return fromText(file.toString(), RecordFile.text(file));
  }

  /** Begins with YAML that was read from {@code source}. */
  public static ScenarioDraft fromText(String source, String yaml) {
    return new ScenarioDraft(YamlNode.parse(source, yaml));
  }

  /**
   * Sets one field.
   *
   * @param field the field's place in the tree, for example {@code fleet.hosts}
   * @param value as it would be written in YAML
   * @param flag who says so, for error messages, for example {@code --hosts}
   */
  public ScenarioDraft set(String field, String value, String flag) {
    YamlNode.Table at = table;
    String[] keys = field.split("\\.", -1);
    for (int i = 0; i < keys.length - 1; i++) {
      String key = keys[i];
      YamlNode child =
          at.entries()
              .computeIfAbsent(key, _ -> new YamlNode.Table(flag, 0, new LinkedHashMap<>()));
      if (!(child instanceof YamlNode.Table next)) {
        throw Mistake.at(flag, 0, field, "cannot be set: %s is no table".formatted(key));
      }
      at = next;
    }
    at.entries().put(keys[keys.length - 1], new YamlNode.Scalar(flag, 0, value));
    return this;
  }

  /** Sets fields from {@code field=value}, as a {@code --set} flag gives it. */
  public ScenarioDraft set(String assignment) {
    int equals = assignment.indexOf('=');
    if (equals < 1) {
      throw Mistake.at("--set", 0, "'" + assignment + "'", "has no '='; expected field=value");
    }
    return set(
        assignment.substring(0, equals),
        assignment.substring(equals + 1),
        "--set " + assignment.substring(0, equals));
  }

  public ScenarioDraft seed(long seed) {
    return set("seed", Long.toString(seed), "--seed");
  }

  public ScenarioDraft duration(Duration duration) {
    return set("duration", duration.toString(), "--duration");
  }

  public ScenarioDraft hosts(int hosts) {
    return set("fleet.hosts", Integer.toString(hosts), "--hosts");
  }

  /** Spreads the hosts evenly over this many racks; set the hosts first. */
  public ScenarioDraft racks(int racks) {
    Require.between("--racks", racks, 1, 100_000);
    int hosts = build().fleet().hosts();
    return set("fleet.hostsPerRack", Integer.toString(Math.ceilDiv(hosts, racks)), "--racks");
  }

  /** Spreads the racks evenly over this many power feeds; set the racks first. */
  public ScenarioDraft powerFeeds(int feeds) {
    Require.between("--power-feeds", feeds, 1, 100_000);
    int racks = build().fleet().racks();
    return set(
        "fleet.racksPerPowerFeed", Integer.toString(Math.ceilDiv(racks, feeds)), "--power-feeds");
  }

  public ScenarioDraft zones(int zones) {
    return set("fleet.zones", Integer.toString(zones), "--zones");
  }

  /** How many VMs at most; 0 takes a trace whole. */
  public ScenarioDraft vms(int vms) {
    return set("workload.vms", Integer.toString(vms), "--vm-count");
  }

  /** Takes arrivals from a trace file. */
  public ScenarioDraft arrivals(Path file) {
    return set("workload.arrivals", file.toString(), "--vms");
  }

  /** Takes lifetimes from the durations file that goes with the arrivals. */
  public ScenarioDraft durations(Path file) {
    return set("workload.durations", file.toString(), "--durations");
  }

  /** The scenario, checked. */
  public Scenario build() {
    return RecordBinder.bind(table, Scenario.DEFAULT);
  }
}
