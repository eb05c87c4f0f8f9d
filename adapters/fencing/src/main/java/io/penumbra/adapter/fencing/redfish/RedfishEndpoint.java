package io.penumbra.adapter.fencing.redfish;

import java.net.URI;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;

/**
 * The management controller of one host.
 *
 * @param base {@code https://10.0.0.7}, without a login in it
 * @param system {@code /redfish/v1/Systems/1}; when empty, the controller must have exactly one
 * @param uuid the machine it must be; a controller of another machine proves nothing about ours
 */
public record RedfishEndpoint(
    URI base, Optional<String> system, Optional<String> uuid, Login login, Trust trust) {

  /** How we say who we are. */
  public sealed interface Login {}

  /** A session of our own, which is ended afterwards (DSP0266, 13.3.4). */
  public record Session(Credentials credentials) implements Login {}

  /** With every request. */
  public record Basic(Credentials credentials) implements Login {}

  /** Not at all. */
  public record Anonymous() implements Login {}

  /** Whom we believe to be that controller. */
  public sealed interface Trust {}

  /** Whoever this machine trusts already. */
  public record SystemTrust() implements Trust {}

  /** Certificates that an authority of ours has signed, for the name that we called. */
  public record Authority(Path pem) implements Trust {}

  /**
   * Exactly one certificate, whatever name it bears: controllers come with self-signed ones.
   *
   * @param sha256 its fingerprint in hexadecimal, with or without colons
   */
  public record Pinned(String sha256) implements Trust {
    public Pinned {
      sha256 = sha256.replace(":", "").toLowerCase(Locale.ROOT);
      if (!sha256.matches("[0-9a-f]{64}")) {
        throw new IllegalArgumentException(
            "'%s' is no SHA-256 fingerprint; expected 64 hexadecimal digits".formatted(sha256));
      }
    }
  }

  public RedfishEndpoint {
    if (base.getUserInfo() != null) {
      throw new IllegalArgumentException(
          "the address of a management controller on %s has a login in it; put it into a file"
              .formatted(base.getHost()));
    }
    boolean web = "https".equals(base.getScheme()) || "http".equals(base.getScheme());
    if (!web || base.getHost() == null) {
      throw new IllegalArgumentException(
          "'%s' is no address of a management controller; expected https://...".formatted(base));
    }
    if (system.isPresent() && !system.get().startsWith("/")) {
      throw new IllegalArgumentException(
          "system '%s' is no path; expected /redfish/v1/Systems/...".formatted(system.get()));
    }
  }
}
