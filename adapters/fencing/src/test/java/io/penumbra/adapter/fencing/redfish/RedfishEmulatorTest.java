package io.penumbra.adapter.fencing.redfish;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.adapter.fencing.redfish.RedfishEndpoint.Login;
import io.penumbra.adapter.fencing.redfish.RedfishEndpoint.Trust;
import io.penumbra.domain.HostId;
import io.penumbra.domain.event.FencingResult;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Against a real Redfish service with a machine that takes its time. */
@Timeout(300)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class RedfishEmulatorTest {

  private static final HostId HOST = HostId.of("host-a");
  private static final Login LOGIN =
      new RedfishEndpoint.Basic(Credentials.of("penumbra", RedfishEmulator.PASSWORD));

  @TempDir private static Path directory;
  private static RedfishEmulator emulator;

  @BeforeAll
  static void start() throws Exception {
    emulator = new RedfishEmulator(directory);
  }

  @AfterAll
  static void stop() {
    if (emulator != null) {
      emulator.close();
    }
  }

  private static FencingResult fence(String name, Login login, Trust trust, Duration patience)
      throws Exception {
    RedfishEndpoint endpoint =
        new RedfishEndpoint(
            emulator.base(name), Optional.empty(), Optional.of(RedfishEmulator.UUID), login, trust);
    return new RedfishSwitch(
            host -> Optional.of(endpoint),
            new RedfishSwitch.Settings(Duration.ofSeconds(60), patience, Duration.ofMillis(100), 2))
        .powerOff(HOST);
  }

  private static Trust pinned() throws Exception {
    try (InputStream in = Files.newInputStream(emulator.certificate())) {
      byte[] encoded = CertificateFactory.getInstance("X.509").generateCertificate(in).getEncoded();
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(encoded);
      return new RedfishEndpoint.Pinned(HexFormat.ofDelimiter(":").formatHex(digest));
    }
  }

  @Test
  @Order(1)
  void whomWeDoNotTrustIsNotEvenAsked() throws Exception {
    Trust other = new RedfishEndpoint.Pinned("00".repeat(32));

    assertThat(fence("127.0.0.1", LOGIN, other, Duration.ofSeconds(1)))
        .isInstanceOf(FencingResult.Unknown.class);
    assertThat(fence("127.0.0.1", LOGIN, new RedfishEndpoint.SystemTrust(), Duration.ofSeconds(1)))
        .isInstanceOf(FencingResult.Unknown.class);
  }

  @Test
  @Order(2)
  void aWrongPasswordProvesNothing() throws Exception {
    Login wrong = new RedfishEndpoint.Basic(Credentials.of("penumbra", "guess"));

    assertThat(fence("127.0.0.1", wrong, pinned(), Duration.ofSeconds(1)))
        .isInstanceOf(FencingResult.Unknown.class);
  }

  @Test
  @Order(3)
  void aMachineThatHasOnlyBeenToldIsNotFenced() throws Exception {
    FencingResult result = fence("127.0.0.1", LOGIN, pinned(), Duration.ofMillis(1));
    // It goes off within 1 to 11 s, so where this machine is busy a look may come too late.
    String said = result instanceof FencingResult.Unknown ? "read Off only just" : "reads On";
    assertThat(result)
        .isNotInstanceOf(FencingResult.Fenced.class)
        .asString()
        .contains(said, "(accepted with status 204)");
  }

  @Test
  @Order(4)
  void aMachineIsFencedWhenItIsReallyOff() throws Exception {
    Trust authority = new RedfishEndpoint.Authority(emulator.certificate());

    assertThat(fence("localhost", LOGIN, authority, Duration.ofSeconds(90)))
        .isInstanceOfSatisfying(
            FencingResult.Fenced.class,
            fenced -> assertThat(fenced.proof()).contains("reads Off 2 times"));
    assertThat(fence("127.0.0.1", LOGIN, authority, Duration.ofSeconds(1)))
        .as("the certificate is not for that name")
        .isInstanceOf(FencingResult.Unknown.class);
  }
}
