package io.penumbra.adapter.openstack;

import static com.github.tomakehurst.wiremock.client.WireMock.aResponse;
import static com.github.tomakehurst.wiremock.client.WireMock.absent;
import static com.github.tomakehurst.wiremock.client.WireMock.equalTo;
import static com.github.tomakehurst.wiremock.client.WireMock.get;
import static com.github.tomakehurst.wiremock.client.WireMock.getRequestedFor;
import static com.github.tomakehurst.wiremock.client.WireMock.okJson;
import static com.github.tomakehurst.wiremock.client.WireMock.urlPathEqualTo;
import static org.assertj.core.api.Assertions.assertThat;

import com.github.tomakehurst.wiremock.client.ResponseDefinitionBuilder;
import com.github.tomakehurst.wiremock.http.Fault;
import io.penumbra.adapter.openstack.api.KeystoneCallers;
import io.penumbra.web.Gatekeeper;
import io.penumbra.web.Gatekeeper.Admission;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class KeystoneCallersTest {

  private static final Instant START = Instant.parse("2030-01-01T00:00:00Z");
  private static final String PATH = "/v3/auth/tokens";

  private final StubCloud stub = new StubCloud();
  private volatile Instant now = START;
  private final KeystoneCallers callers = callers(Optional.of("operations"));

  private KeystoneCallers callers(Optional<String> project) {
    return new KeystoneCallers(
        URI.create(stub.base() + "/v3/"),
        new KeystoneCallers.Rules(List.of("admin"), List.of("reader"), project, "default"),
        Duration.ofSeconds(60),
        () -> now);
  }

  @AfterEach
  void close() {
    callers.close();
    stub.close();
  }

  @Test
  void aRoleSaysWhatItsHolderMayDo() throws InterruptedException {
    keystoneSays("a", token("ada", "admin", "operations", "default"));
    keystoneSays("r", token("rob", "reader", "operations", "default"));
    keystoneSays("m", token("mia", "member", "operations", "default"));

    assertThat(admit("POST", "a")).isEqualTo(new Admission.Welcome("ada@Default"));
    assertThat(admit("GET", "r")).isEqualTo(new Admission.Welcome("rob@Default"));
    assertThat(admit("POST", "r"))
        .isEqualTo(
            new Admission.Forbidden(
                "rob@Default", "has roles [reader]; POST needs one of [admin]"));
    assertThat(admit("GET", "m"))
        .isEqualTo(
            new Admission.Forbidden(
                "mia@Default", "has roles [member]; GET needs one of [admin, reader]"));
  }

  @Test
  void aProjectOfTheSameNameInAnotherDomainIsAnotherProject() throws InterruptedException {
    keystoneSays("other", token("ada", "admin", "operations", "f00d"));
    keystoneSays("none", token("ada", "admin", "sandbox", "default"));

    Admission outside = new Admission.Forbidden("ada@Default", "is not in project operations");
    assertThat(admit("GET", "other")).isEqualTo(outside);
    assertThat(admit("GET", "none")).isEqualTo(outside);
    try (KeystoneCallers anywhere = callers(Optional.empty())) {
      assertThat(anywhere.admit(visitor("GET", Optional.of("none"))))
          .isInstanceOf(Admission.Welcome.class);
    }
  }

  @Test
  void aTokenIsShownToKeystoneForItselfAndWithoutAPromiseToKeepAccessRules()
      throws InterruptedException {
    keystoneSays("a", token("ada", "admin", "operations", "default"));

    admit("GET", "a");

    stub.http.verify(
        getRequestedFor(urlPathEqualTo(PATH))
            .withHeader("X-Auth-Token", equalTo("a"))
            .withHeader("X-Subject-Token", equalTo("a"))
            .withHeader("OpenStack-Identity-Access-Rules", absent()));
  }

  @Test
  void whatKeystoneSaidIsBelievedForAMinuteAndNotAfterTheTokensEnd() throws InterruptedException {
    keystoneSays("a", token("ada", "admin", "operations", "default"));
    admit("GET", "a");
    admit("GET", "a");
    stub.http.verify(1, getRequestedFor(urlPathEqualTo(PATH)));

    keystoneSays("a", aResponse().withStatus(401));
    now = START.plusSeconds(59);
    assertThat(admit("GET", "a")).isInstanceOf(Admission.Welcome.class);
    now = START.plusSeconds(60);
    assertThat(admit("GET", "a")).isEqualTo(new Admission.Stranger());

    keystoneSays(
        "short", token("ada", "admin", "operations", "default", now.plusSeconds(5).toString()));
    assertThat(admit("GET", "short")).isInstanceOf(Admission.Welcome.class);
    keystoneSays("short", aResponse().withStatus(401));
    now = now.plusSeconds(5);
    assertThat(admit("GET", "short")).isEqualTo(new Admission.Stranger());
  }

  @Test
  void whoShowsNothingThatCouldBeATokenIsNotAskedAbout() throws InterruptedException {
    assertThat(callers.admit(visitor("GET", Optional.empty()))).isEqualTo(new Admission.Stranger());
    assertThat(admit("GET", "")).isEqualTo(new Admission.Stranger());
    assertThat(admit("GET", "with space")).isEqualTo(new Admission.Stranger());
    assertThat(admit("GET", "x".repeat(9_000))).isEqualTo(new Admission.Stranger());
    stub.http.verify(0, getRequestedFor(urlPathEqualTo(PATH)));
    assertThat(admit("GET", "unknown")).isEqualTo(new Admission.Stranger());
  }

  @Test
  void aTokenThatIsRefusedIsNotAskedAboutAgainForSomeSeconds() throws InterruptedException {
    keystoneSays("bad", aResponse().withStatus(401));
    assertThat(admit("GET", "bad")).isEqualTo(new Admission.Stranger());
    now = START.plusSeconds(4);
    assertThat(admit("GET", "bad")).isEqualTo(new Admission.Stranger());
    stub.http.verify(1, getRequestedFor(urlPathEqualTo(PATH)));

    keystoneSays("bad", token("ada", "admin", "operations", "default"));
    now = START.plusSeconds(5);
    assertThat(admit("GET", "bad")).isInstanceOf(Admission.Welcome.class);
  }

  @Test
  void whoFindsNoRoomIsToldToComeAgainAtOnceAndWhoIsKnownNeedsNone() throws Exception {
    keystoneSays("a", token("ada", "admin", "operations", "default"));
    admit("GET", "a");
    List<Thread> strangers = strangersTakeAllRoom();
    assertThat(admit("GET", "another"))
        .isEqualTo(undecided("16 other tokens are being asked about"));
    assertThat(admit("GET", "a")).isInstanceOf(Admission.Welcome.class);
    stub.release();
    for (Thread stranger : strangers) {
      stranger.join();
    }
    assertThat(admit("GET", "another")).isEqualTo(new Admission.Stranger());
  }

  @Test
  void whoseTokenWasGoodBeforeIsAskedAboutHoweverManyStrangersThereAre() throws Exception {
    keystoneSays("a", token("ada", "admin", "operations", "default"));
    keystoneSays("gone", token("bob", "admin", "operations", "default"));
    keystoneSays(
        "short", token("cid", "admin", "operations", "default", START.plusSeconds(90).toString()));
    admit("GET", "a");
    admit("GET", "gone");
    admit("GET", "short");
    now = START.plusSeconds(60);
    keystoneSays("gone", aResponse().withStatus(401));
    assertThat(admit("GET", "gone")).isEqualTo(new Admission.Stranger());

    now = START.plusSeconds(120);
    List<Thread> strangers = strangersTakeAllRoom();
    assertThat(admit("GET", "a")).isInstanceOf(Admission.Welcome.class);
    assertThat(admit("GET", "gone")).isInstanceOf(Admission.Undecided.class);
    assertThat(admit("GET", "short")).isInstanceOf(Admission.Undecided.class);
    stub.release();
    for (Thread stranger : strangers) {
      stranger.join();
    }
  }

  private List<Thread> strangersTakeAllRoom() throws InterruptedException {
    List<Thread> strangers = new ArrayList<>();
    for (int i = 0; i < 16; i++) {
      String token = "slow" + i;
      keystoneSays(token, StubCloud.held(aResponse().withStatus(401)));
      strangers.add(
          Thread.ofVirtual()
              .start(() -> {
                try {
                  admit("GET", token);
                } catch (InterruptedException e) {
                  Thread.currentThread().interrupt();
                }
              }));
    }
    stub.awaitHeld(16);
    return strangers;
  }

  @Test
  void aKeystoneThatIsIllLeavesItOpenAndIsAskedAgain() throws InterruptedException {
    keystoneSays("a", aResponse().withStatus(503));
    assertThat(admit("GET", "a")).isEqualTo(undecided("it answers with status 503"));
    keystoneSays("a", aResponse().withStatus(403));
    assertThat(admit("GET", "a"))
        .isEqualTo(undecided("its policy lets no token be looked at by itself (status 403)"));
    keystoneSays("a", okJson("{\"token\":{\"roles\":[{\"name\":\"admin\"}]}}"));
    assertThat(admit("GET", "a"))
        .isEqualTo(undecided("its answer does not say until when the token is good"));
    keystoneSays("a", okJson("{\"token\":{\"roles\""));
    assertThat(admit("GET", "a")).isInstanceOf(Admission.Undecided.class);
    keystoneSays("a", aResponse().withFault(Fault.CONNECTION_RESET_BY_PEER));
    assertThat(admit("GET", "a")).isInstanceOf(Admission.Undecided.class);

    keystoneSays("a", token("ada", "admin", "operations", "default"));
    assertThat(admit("GET", "a")).isInstanceOf(Admission.Welcome.class);
  }

  private static Admission undecided(String why) {
    return new Admission.Undecided(
        "Keystone can't be asked about your token: " + why, Duration.ofSeconds(2));
  }

  private Admission admit(String method, String token) throws InterruptedException {
    return callers.admit(visitor(method, Optional.of(token)));
  }

  private static Gatekeeper.Visitor visitor(String method, Optional<String> token) {
    return new Gatekeeper.Visitor() {
      @Override
      public String method() {
        return method;
      }

      @Override
      public Optional<String> header(String name) {
        return name.equals("X-Auth-Token") ? token : Optional.empty();
      }
    };
  }

  private void keystoneSays(String token, ResponseDefinitionBuilder answer) {
    stub.http.stubFor(
        get(urlPathEqualTo(PATH)).withHeader("X-Subject-Token", equalTo(token)).willReturn(answer));
  }

  private static ResponseDefinitionBuilder token(
      String user, String role, String project, String domain) {
    return token(user, role, project, domain, "2099-01-01T00:00:00.000000Z");
  }

  private static ResponseDefinitionBuilder token(
      String user, String role, String project, String domain, String end) {
    return okJson(
        """
        {"token":{"expires_at":"%s","roles":[{"id":"1","name":"%s"}],
          "user":{"name":"%s","domain":{"id":"default","name":"Default"}},
          "project":{"name":"%s","domain":{"id":"%s"}}}}\
        """
            .formatted(end, role, user, project, domain));
  }
}
