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
        .contains("WRONG   user penumbra is refused /os-services of compute with status 403");
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
                dir.resolve("placement-policy.yaml").toString())),
        Optional.of(
            Map.of(
                "rack-a",
                new Registration.Aggregate(Map.of("penumbra:rack", "a"), List.of("hv-1", "hv-2")))),
        Optional.of(List.of("CUSTOM_RACKED")));
  }
}
