package io.penumbra.app.register;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penumbra.app.register.CloudSession.Credentials;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Without the scheduler's machine, which needs Nova: that is tried on the real one. */
class RegisterOpenStackTest {

  @TempDir private Path dir = Path.of("replaced by JUnit");

  @SuppressWarnings("NullAway.Init") // before each test
  private StubCloud cloud;

  private String said = "";

  @BeforeEach
  void start() throws Exception {
    cloud = new StubCloud();
  }

  @AfterEach
  void stop() {
    cloud.close();
  }

  @Test
  void printsWhatItWouldDoAndDoesNothing() throws Exception {
    Ledger ledger = run(false, false);

    assertThat(ledger.changes()).isPositive();
    assertThat(cloud.contents()).isEmpty();
    assertThat(dir).isEmptyDirectory();
    assertThat(said).contains("to do").contains("role penumbra").contains("penumbra:rack");
  }

  @Test
  void twiceIsOnce() throws Exception {
    Ledger first = run(true, false);
    List<String> after = cloud.contents();
    Ledger second = run(true, false);

    assertThat(first.problems()).as(said).isZero();
    assertThat(after)
        .contains(
            "users penumbra",
            "roles penumbra",
            "services penumbra",
            "endpoints public",
            "aggregates rack-a")
        .contains("/placement/traits/CUSTOM_RACKED");
    assertThat(second.changes()).as(said).isZero();
    assertThat(cloud.contents()).isEqualTo(after);
  }

  @Test
  void unregisteringLeavesNothingButTheProject() throws Exception {
    run(true, false);

    run(true, true);
    Ledger again = run(true, true);

    assertThat(cloud.contents()).containsExactly("projects service");
    assertThat(again.changes()).as(said).isZero();
    assertThat(dir.resolve("password")).doesNotExist();
    assertThat(dir.resolve("nova-policy.yaml")).doesNotExist();
    assertThat(dir.resolve("neutron-policy.yaml")).doesNotExist();
    assertThat(dir.resolve("cinder-policy.yaml")).doesNotExist();
  }

  @Test
  void whatWasThereBeforeIsThereAfterwards() throws Exception {
    String rack =
        """
        {"name":"rack-a","hosts":["hv-1","hv-9"],"metadata":{"ssd":"true"}}\
        """;
    cloud.has("aggregates", rack);
    cloud.has("roles", "{\"name\":\"penumbra\"}");
    cloud.has(
        "users",
        "{\"name\":\"penumbra\",\"domain_id\":\"default\",\"description\":\"ours\",\"password\":\"known\"}");
    cloud.hasTrait("CUSTOM_RACKED");
    Files.writeString(dir.resolve("password"), "known\n");
    String before = cloud.whole("aggregates", "rack-a") + cloud.whole("users", "penumbra");

    assertThat(run(true, false).problems()).as(said).isZero();
    assertThat(cloud.whole("aggregates", "rack-a"))
        .contains("\"hosts\":[\"hv-1\",\"hv-9\",\"hv-2\"]", "\"penumbra:rack\":\"a\"");
    assertThat(run(true, false).changes()).as(said).isZero();
    run(true, true);

    assertThat(cloud.whole("aggregates", "rack-a") + cloud.whole("users", "penumbra"))
        .isEqualTo(before);
    assertThat(cloud.contents()).contains("roles penumbra", "/placement/traits/CUSTOM_RACKED");
    assertThat(dir.resolve("password")).hasContent("known\n");
    assertThat(run(true, true).changes()).as(said).isZero();
  }

  @Test
  void nobodysPasswordIsReplacedAndNobodysRackRenamed() throws Exception {
    cloud.has("users", "{\"name\":\"penumbra\",\"domain_id\":\"default\",\"password\":\"x\"}");
    String before = cloud.whole("users", "penumbra");
    assertThatThrownBy(() -> run(true, false))
        .hasMessageContaining("penumbra was there before, and its password is not in");
    assertThat(cloud.contents()).containsExactly("users penumbra");
    assertThat(cloud.whole("users", "penumbra")).isEqualTo(before);

    Files.writeString(dir.resolve("password"), "x\n");
    cloud.has("aggregates", "{\"name\":\"rack-a\",\"metadata\":{\"penumbra:rack\":\"z\"}}");
    assertThat(run(true, false).problems()).isEqualTo(1);
    assertThat(said)
        .contains("WRONG   aggregate rack-a was there before and says penumbra:rack=z; asked for");
    assertThat(cloud.whole("aggregates", "rack-a")).contains("\"penumbra:rack\":\"z\"");
  }

  @Test
  void oldServersAreUnlockedWhoseverTheyAre() throws Exception {
    for (int i = 0; i < 4; i++) {
      cloud.has("servers", locked("old-" + i, "penumbra keeps it off for vm" + i));
    }
    cloud.has("servers", locked("theirs", "do not touch"));

    assertThat(run(false, true).changes()).as(said).isEqualTo(4);
    assertThat(said)
        .contains("to do   server servers-of-old0 unlocked (penumbra keeps it off for vm0)");
    assertThat(cloud.whole("servers", "old-0")).contains("\"locked\":true");
    assertThat(run(true, true).changes()).as(said).isEqualTo(4);

    for (int i = 0; i < 4; i++) {
      assertThat(cloud.whole("servers", "old-" + i)).contains("\"locked\":false");
    }
    assertThat(cloud.whole("servers", "theirs")).contains("\"locked\":true");
    assertThat(run(true, true).changes()).as(said).isZero();
  }

  @Test
  void aServerThatStaysLockedIsNamedAndHoldsNothingUp() throws Exception {
    run(true, false);
    cloud.has(
        "servers", locked("busy", "penumbra keeps it off for vm1").replace("{", "{\"busy\":true,"));
    cloud.has("servers", locked("old", "penumbra keeps it off for vm2"));

    Ledger ledger = run(true, true);

    assertThat(ledger.problems()).as(said).isEqualTo(1);
    assertThat(said)
        .containsPattern("WRONG {3}server servers-of-old\\d+ stays locked: .*it is busy");
    assertThat(cloud.whole("servers", "old")).contains("\"locked\":false");
    assertThat(cloud.contents())
        .containsExactlyInAnyOrder("projects service", "servers busy", "servers old");
  }

  @Test
  void serversThatNovaHidesAreNotForgottenSilently() throws Exception {
    cloud.losesACell();

    assertThat(run(true, true).problems()).isEqualTo(1);
    assertThat(said).contains("WRONG   Nova hides the servers of 1 hosts");
  }

  private static String locked(String name, String why) {
    return "{\"name\":\"%s\",\"tenant_id\":\"p1\",\"locked\":true,\"locked_reason\":\"%s\"}"
        .formatted(name, why);
  }

  @Test
  void usersAndProjectsOfOtherDomainsAreOthers() throws Exception {
    cloud.has("users", "{\"name\":\"penumbra\",\"domain_id\":\"tenants\",\"password\":\"x\"}");
    cloud.has("projects", "{\"name\":\"service\",\"domain_id\":\"tenants\"}");

    run(true, false);
    assertThat(cloud.contents())
        .containsSubsequence("projects service", "projects service")
        .containsSubsequence("users penumbra", "users penumbra");
    run(true, true);

    assertThat(cloud.whole("users", "penumbra")).contains("tenants");
  }

  @Test
  void aPolicyFileThatWasThereBeforeStaysAsItIs() throws Exception {
    Path policy = dir.resolve("nova-policy.yaml");
    Files.writeString(policy, "\"context_is_admin\": \"role:ours\"\n");

    assertThat(run(true, false).problems()).isEqualTo(1);
    assertThat(said)
        .contains("WRONG   policy " + policy + " was there before and stays", "role:penumbra");
    run(true, true);
    assertThat(policy).hasContent("\"context_is_admin\": \"role:ours\"\n");
  }

  @Test
  void aPolicyFileFromBeforeThereWasASignIsOurs() throws Exception {
    Path policy = dir.resolve("neutron-policy.yaml");
    Files.writeString(policy, "\"context_is_admin\": \"role:admin or role:penumbra\"\n");

    run(true, true);
    assertThat(policy).doesNotExist();
  }

  @Test
  void aPasswordThatWasLostIsReplaced() throws Exception {
    run(true, false);
    Files.delete(dir.resolve("password"));

    Ledger ledger = run(true, false);

    assertThat(ledger.problems()).as(said).isZero();
    assertThat(said).contains("new password of user penumbra");
    assertThat(Files.getPosixFilePermissions(dir.resolve("password"))).hasSize(2);
  }

  @Test
  void anOldNovaIsRefusedBeforeAnythingIsChanged() throws Exception {
    cloud.speaksUpTo("2.60");

    Ledger ledger = run(true, false);

    assertThat(ledger.problems()).isEqualTo(1);
    assertThat(said).contains("Nova speaks up to 2.60; 2.74 is needed");
    assertThat(cloud.contents()).isEmpty();
  }

  @Test
  void aPolicyThatDoesNotHoldIsFound() throws Exception {
    cloud.forgetsThePolicy();

    run(true, false);

    assertThat(said)
        .contains("WRONG   user penumbra is refused /os-services of compute with status 403")
        .contains("WRONG   user penumbra is refused /v2.0/ports/theirs of network with status 404")
        .contains(
            "WRONG   user penumbra is refused /v2.0/lbaas/pools/theirs/members of load-balancer with status 404");
  }

  @Test
  void whatIsOthersInNeutronOctaviaAndCinderIsTried() throws Exception {
    Ledger ledger = run(true, false);

    assertThat(ledger.problems()).as(said).isZero();
    assertThat(said)
        .contains("ok      user penumbra reads /v2.0/ports/theirs of network")
        .contains("ok      user penumbra reads /volumes/theirs of volumev3")
        .contains("ok      user penumbra reads /v2.0/lbaas/pools/theirs/members of load-balancer");
    assertThat(dir.resolve("neutron-policy.yaml"))
        .hasContent(
            "# made by penumbra register openstack\n\"context_is_admin\": \"role:admin or role:penumbra\"\n");
  }

  @Test
  void whoDoesNotAnswerIsNamed() {
    cloud.close();

    assertThatThrownBy(() -> run(true, false))
        .hasMessageContaining("POST %s/v3/auth/tokens gets no answer".formatted(cloud.url()));
  }

  @Test
  void noSecretIsEverPrinted() throws Exception {
    run(true, false);

    assertThat(said).doesNotContain(Files.readString(dir.resolve("password")).strip());
  }

  private Ledger run(boolean act, boolean undo) throws Exception {
    Credentials admins =
        Credentials.of(
            Map.of(
                "OS_AUTH_URL", cloud.url() + "/v3",
                "OS_USERNAME", "admin",
                "OS_PASSWORD", "x",
                "OS_PROJECT_NAME", "admin"));
    StringWriter text = new StringWriter();
    Ledger ledger = new Ledger(new PrintWriter(text), act);
    try (CloudSession admin = CloudSession.open(admins).orElseThrow()) {
      if (undo) {
        OpenStackCommand.unregister(admin, admins, asked(), ledger);
      } else {
        OpenStackCommand.register(admin, admins, asked(), ledger);
      }
    }
    said = text.toString();
    return ledger;
  }

  private Registration asked() {
    return new Registration(
        "http://127.0.0.1:7400",
        dir.resolve("password").toString(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.of(
            new Registration.Policies(
                dir.resolve("nova-policy.yaml").toString(),
                dir.resolve("placement-policy.yaml").toString(),
                Optional.of(dir.resolve("designate-policy.yaml").toString()),
                Optional.of(dir.resolve("octavia-policy.yaml").toString()),
                Optional.of(dir.resolve("neutron-policy.yaml").toString()),
                Optional.of(dir.resolve("cinder-policy.yaml").toString()))),
        Optional.of(
            Map.of(
                "rack-a",
                new Registration.Aggregate(Map.of("penumbra:rack", "a"), List.of("hv-1", "hv-2")))),
        Optional.of(List.of("CUSTOM_RACKED")));
  }
}
