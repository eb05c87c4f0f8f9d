package io.penumbra.app;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URL;
import java.util.jar.Manifest;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.IVersionProvider;

/** Which Penumbra this is: version, commit, and the Java it runs on. */
final class PenumbraVersion implements IVersionProvider {

  @Override
  public String[] getVersion() {
    return new String[] {
      "penumbra %s, commit %s".formatted(entry("Implementation-Version"), commit()),
      "Java %s (%s)".formatted(Runtime.version(), System.getProperty("java.vendor"))
    };
  }

  /** The commit this was built from, or {@code unknown} when it was not built by the launcher. */
  static String commit() {
    return entry("Penumbra-Commit");
  }

  private static String entry(String name) {
    String value = readOwnManifest(name);
    return value == null ? "unknown" : value;
  }

  private static @Nullable String readOwnManifest(String name) {
    // Package.getImplementationVersion would do for the version, but knows nothing of commits.
    URL self = PenumbraVersion.class.getResource("PenumbraVersion.class");
    if (self == null || !"jar".equals(self.getProtocol())) {
      return null;
    }
    String inside = self.toString();
    String manifest = inside.substring(0, inside.indexOf('!')) + "!/META-INF/MANIFEST.MF";
    try (InputStream in = URI.create(manifest).toURL().openStream()) {
      return new Manifest(in).getMainAttributes().getValue(name);
    } catch (IOException e) {
      return null;
    }
  }
}
