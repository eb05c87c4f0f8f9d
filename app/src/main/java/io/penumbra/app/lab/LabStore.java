package io.penumbra.app.lab;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.Locale;

/** The tier store of the lab: one directory as object tier, and an SSD part for each host. */
final class LabStore {

  private LabStore() {}

  /** Writes the settings of one host's store, and the keys that all of them share. */
  static Path write(Path lab, String host) {
    Path keys = lab.resolve("secrets").resolve("store-keys");
    Path file = lab.resolve("store-%s.yaml".formatted(host));
    try {
      if (!Files.exists(keys)) {
        Files.writeString(keys, "naming %s\nkey 1 %s\nactive 1\n".formatted(key(), key()));
      }
      return Files.writeString(
          file,
          """
          storage:
            directory: %s
            objects: {directory: %s}
            cache: {enabled: false}
            encryption: {keysFile: %s}
            retention: {newest: 16, keepFor: 60s}
          """
              .formatted(lab.resolve("store-" + host), lab.resolve("objects"), keys));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String key() {
    byte[] key = new byte[32];
    new SecureRandom().nextBytes(key);
    return Base64.getEncoder().encodeToString(key);
  }

  /** What the agent there says of its last restore. */
  static String restored(String address, int port) throws IOException, InterruptedException {
    try (HttpClient http = HttpClient.newHttpClient()) {
      String meters =
          http.send(
                  HttpRequest.newBuilder(
                          URI.create("http://%s:%d/metrics".formatted(address, port)))
                      .build(),
                  HttpResponse.BodyHandlers.ofString())
              .body();
      double mib = meter(meters, "penumbra_restore_bytes_last") / (1 << 20);
      double seconds = meter(meters, "penumbra_restore_seconds_last");
      return String.format(
          Locale.ROOT,
          "restored from the tier store: a state of %.0f MiB in %.0f ms, %.0f MiB/s",
          mib,
          seconds * 1e3,
          mib / seconds);
    }
  }

  private static double meter(String meters, String name) {
    return meters
        .lines()
        .filter(line -> line.startsWith(name + " "))
        .mapToDouble(line -> Double.parseDouble(line.substring(name.length() + 1)))
        .findFirst()
        .orElse(0);
  }
}
