package io.penumbra.adapter.qemu.agent;

import io.penumbra.adapter.qemu.api.Heartbeat.InstanceReport;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.SortedMap;

/** The agent's numbers in Prometheus' text format. */
final class AgentMetrics {

  private AgentMetrics() {}

  static String text(
      List<HostedVm> vms,
      int localHealth,
      HostHealth health,
      PressureRelief relief,
      SortedMap<String, Double> figures) {
    StringBuilder out = new StringBuilder(2_048);
    line(out, "penumbra_agent_local_health", "", localHealth);
    line(out, "penumbra_agent_cpu_raised", "", relief.raised() ? 1 : 0);
    line(out, "penumbra_agent_cpu_raise_refused", "", relief.trouble().isEmpty() ? 0 : 1);
    memory(out);
    HostHealth.Sample sample = health.sample();
    line(out, "penumbra_host_cpu_share", "", sample.telemetry().load().cpu());
    line(out, "penumbra_host_memory_share", "", sample.telemetry().load().memory());
    sample
        .pressure()
        .forEach((kind, share) ->
            line(out, "penumbra_host_pressure_share", "kind=\"%s\"".formatted(kind), share));
    figures.forEach((name, value) -> line(out, name, "", value));
    for (HostedVm vm : vms) {
      vm.report().ifPresent(report -> instance(out, report));
      vm.primary().ifPresent(primary -> primary(out, vm, primary));
      vm.shadow().ifPresent(shadow -> shadow(out, vm, shadow));
    }
    return out.toString();
  }

  /** What it takes itself: shadows' and guests' memory is in files, and not among it. */
  private static void memory(StringBuilder out) {
    Runtime runtime = Runtime.getRuntime();
    line(out, "penumbra_agent_heap_bytes_max", "", (double) runtime.maxMemory());
    line(
        out,
        "penumbra_agent_heap_bytes",
        "",
        (double) (runtime.totalMemory() - runtime.freeMemory()));
    anonymousKib().ifPresent(kib -> line(out, "penumbra_agent_anonymous_bytes", "", 1024.0 * kib));
  }

  private static OptionalLong anonymousKib() {
    try {
      return Files.readAllLines(Path.of("/proc/self/status")).stream()
          .filter(line -> line.startsWith("RssAnon:"))
          .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
          .findFirst();
    } catch (IOException notLinux) {
      return OptionalLong.empty();
    }
  }

  private static void shadow(StringBuilder out, HostedVm vm, ShadowSide shadow) {
    String label = "vm=\"%s\"".formatted(vm.id());
    line(out, "penumbra_shadow_rotten_pages_total", label, (double) shadow.rottenPages());
    line(out, "penumbra_shadow_answers_compared_total", label, (double) shadow.comparedAnswers());
    line(out, "penumbra_shadow_answers_differing_total", label, (double) shadow.differingAnswers());
  }

  private static void instance(StringBuilder out, InstanceReport report) {
    String labels =
        "vm=\"%s\",role=\"%s\",state=\"%s\"".formatted(report.vm(), report.role(), report.state());
    line(out, "penumbra_instance", labels, 1);
    String vm = "vm=\"%s\"".formatted(report.vm());
    line(out, "penumbra_instance_term", vm, (double) report.term());
    line(out, "penumbra_instance_epoch", vm, (double) report.epoch());
  }

  private static void primary(StringBuilder out, HostedVm vm, PrimarySide primary) {
    String label = "vm=\"%s\"".formatted(vm.id());
    line(out, "penumbra_drift_pages", label, primary.drift().map(Drift::pages).orElse(0));
    primary
        .drift()
        .ifPresent(drift -> {
          line(out, "penumbra_drift_first_page", label, drift.page());
          line(out, "penumbra_drift_healthy_epoch", label, (double) drift.healthyEpoch());
        });
    primary.replications().forEach(replication -> replica(out, vm, replication));
  }

  private static void replica(StringBuilder out, HostedVm vm, Replication replication) {
    String labels = "vm=\"%s\",to=\"%s\"".formatted(vm.id(), replication.order().host());
    Replication.Figures figures = replication.figures();
    line(out, "penumbra_replica_epochs_total", labels, figures.epochs.doubleValue());
    line(out, "penumbra_replica_bytes_total", labels, figures.bytes.doubleValue());
    line(out, "penumbra_replica_pages_last", labels, (double) figures.pagesLast);
    line(out, "penumbra_replica_pause_seconds_last", labels, figures.pauseLast.toNanos() / 1e9);
    line(out, "penumbra_replica_scrub_passes_total", labels, (double) figures.scrubPasses);
    line(out, "penumbra_replica_lag_seconds_last", labels, figures.lagLast.toNanos() / 1e9);
  }

  private static void line(StringBuilder out, String name, String labels, double value) {
    String braced = labels.isEmpty() ? "" : "{" + labels + "}";
    String number = Double.isNaN(value) ? "NaN" : String.format(Locale.ROOT, "%s", value);
    out.append(name).append(braced).append(' ').append(number).append('\n');
  }
}
