package io.penumbra.app.register;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class NovaConfTest {

  private static final NovaConf.Usual USUAL =
      new NovaConf.Usual(
          List.of("ComputeFilter", "ImagePropertiesFilter"),
          List.of("nova.scheduler.weights.all_weighers"));

  private static final String OPERATORS =
      """
      [DEFAULT]
      # ours
      host = controller

      [filter_scheduler]
      available_filters = nova.scheduler.filters.all_filters
      available_filters = acme.filters.Rack
      enabled_filters = ComputeFilter, Rack,
        ImagePropertiesFilter
      ; enabled_filters = AllHostsFilter
      [notifications]
      notification_format = unversioned
      [vnc]
      enabled = false
      """;

  @Test
  void addsWhatIsMissingAndKeepsWhatStandsThere() {
    assertThat(registered(OPERATORS))
        .contains(
            """
            available_filters = acme.filters.Rack
            # added by penumbra register
            available_filters = penumbra_nova.scheduler.PenumbraFilter
            enabled_filters = ComputeFilter,Rack,ImagePropertiesFilter,PenumbraFilter
            # added by penumbra register
            weight_classes = nova.scheduler.weights.all_weighers,penumbra_nova.scheduler.PenumbraWeigher
            """)
        .contains(
            """
            # penumbra register; was: notification_format = unversioned
            notification_format = both
            """)
        .contains("# ours\nhost = controller\n")
        .contains("url = http://10.0.0.5:7400\n")
        .contains("driver = messagingv2\n");
  }

  @Test
  void twiceIsOnce() {
    assertThat(registered(registered(OPERATORS))).isEqualTo(registered(OPERATORS));
    assertThat(registered(registered(""))).isEqualTo(registered(""));
  }

  @Test
  void whatIsTakenBackLeavesNoTrace() {
    String oneLine =
        OPERATORS.replace("ComputeFilter, Rack,\n  ImageP", "ComputeFilter,Rack,ImageP");

    assertThat(NovaConf.unregistered(registered(oneLine))).isEqualTo(oneLine);
    assertThat(NovaConf.unregistered(registered(""))).isEmpty();
    assertThat(NovaConf.unregistered(OPERATORS)).isEqualTo(OPERATORS);
  }

  @Test
  void anEmptyFileGetsNovasOwnListsBeforeOurs() {
    assertThat(registered(""))
        .contains("available_filters = nova.scheduler.filters.all_filters\n")
        .contains("enabled_filters = ComputeFilter,ImagePropertiesFilter,PenumbraFilter\n");
  }

  @Test
  void theFilterIsMovedBehindWhatWasAddedAfterIt() {
    String later =
        registered(OPERATORS)
            .replace("ImagePropertiesFilter,PenumbraFilter", "PenumbraFilter,Late");

    assertThat(registered(later))
        .contains("enabled_filters = ComputeFilter,Rack,Late,PenumbraFilter\n");
    assertThat(NovaConf.unregistered(later))
        .contains("enabled_filters = ComputeFilter,Rack,Late\n");
  }

  @Test
  void versionedNotificationsAreGoodEnough() {
    String versioned = OPERATORS.replace("unversioned", "versioned");

    assertThat(registered(versioned))
        .contains("notification_format = versioned\n")
        .doesNotContain("both");
  }

  @Test
  void aNewAddressReplacesTheOldOneAndStillGoesAway() {
    String moved =
        NovaConf.registered(
            registered(OPERATORS), USUAL, "http://10.0.0.6:7400", "/etc/nova/penumbra.token");

    assertThat(moved).contains("url = http://10.0.0.6:7400\n").doesNotContain("10.0.0.5");
    assertThat(NovaConf.unregistered(moved)).doesNotContain("10.0.0").doesNotContain("[penumbra]");
  }

  @Test
  void everyModuleOfThePackageIsInTheJar() throws IOException {
    try (var files = Files.list(Path.of("..", "placement-plugin", "nova", "penumbra_nova"))) {
      assertThat(
              files.map(file -> file.getFileName().toString()).filter(name -> name.endsWith(".py")))
          .containsExactlyInAnyOrderElementsOf(SchedulerMachine.MODULES);
    }
  }

  private static String registered(String text) {
    return NovaConf.registered(text, USUAL, "http://10.0.0.5:7400", "/etc/nova/penumbra.token");
  }
}
