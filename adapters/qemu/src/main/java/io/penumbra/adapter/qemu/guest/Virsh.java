package io.penumbra.adapter.qemu.guest;

import io.penumbra.adapter.qemu.Reply;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** Has libvirt do one thing, by its own command line. */
final class Virsh {

  private static final Duration TIMEOUT = Duration.ofSeconds(10);

  private Virsh() {}

  /**
   * Runs it to its end.
   *
   * @param uri of libvirt; empty for virsh's default
   * @return what it says
   */
  static Reply<String> run(Optional<String> uri, String... words) {
    return within(TIMEOUT, uri, words);
  }

  /** The same, for somebody who has less time. */
  static Reply<String> within(Duration most, Optional<String> uri, String... words) {
    try {
      Path output = Files.createTempFile("penumbra-virsh-", ".txt");
      try {
        List<String> command = new ArrayList<>(List.of("virsh", "--quiet"));
        uri.ifPresent(to -> command.addAll(List.of("--connect", to)));
        command.addAll(List.of(words));
        ProcessBuilder builder =
            new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile());
        // What it says is read here, and told in the language of everything else.
        builder.environment().put("LC_ALL", "C.UTF-8");
        Process process = builder.start();
        if (!process.waitFor(most.toMillis(), TimeUnit.MILLISECONDS)) {
          process.destroyForcibly();
          return Reply.unknown("virsh did not answer within %s".formatted(most));
        }
        String text = Files.readString(output, StandardCharsets.UTF_8).strip();
        return process.exitValue() == 0 ? Reply.done(text) : Reply.refused("virsh: " + text);
      } finally {
        Files.deleteIfExists(output);
      }
    } catch (IOException e) {
      return Reply.refused("no libvirt here: " + e.getMessage());
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      return Reply.unknown("interrupted while virsh was asked");
    }
  }
}
