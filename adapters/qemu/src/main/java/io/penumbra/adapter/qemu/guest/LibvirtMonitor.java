package io.penumbra.adapter.qemu.guest;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.penumbra.adapter.qemu.Reply;
import io.penumbra.adapter.qemu.qmp.QmpCommand;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Asks a guest's monitor through libvirt, which keeps it to itself ({@code virsh}). */
public final class LibvirtMonitor {

  private static final Duration TIMEOUT = Duration.ofSeconds(10);
  private static final ObjectMapper JSON = new ObjectMapper();

  private final String domain;

  /** The monitor of a domain, by its name. */
  public LibvirtMonitor(String domain) {
    this.domain = domain;
  }

  /** The domains that run; refused if there is no libvirt here. */
  public static Reply<List<String>> domains() {
    return virsh("list", "--name")
        .map(text -> text.lines().filter(line -> !line.isBlank()).toList());
  }

  /** Carries out a command. */
  public Reply<JsonNode> execute(QmpCommand command) {
    String json =
        JSON.createObjectNode()
            .put("execute", command.name())
            .set("arguments", command.arguments())
            .toString();
    return virsh("qemu-monitor-command", domain, json)
        .then(text -> {
          try {
            JsonNode reply = JSON.readTree(text);
            return reply.has("return")
                ? Reply.done(reply.path("return"))
                : Reply.refused(reply.path("error").path("desc").asText(text));
          } catch (IOException e) {
            return Reply.unknown("virsh answers '%s'".formatted(text));
          }
        });
  }

  private static Reply<String> virsh(String... words) {
    try {
      Path output = Files.createTempFile("penumbra-virsh-", ".txt");
      try {
        List<String> command = new ArrayList<>(List.of("virsh", "--quiet"));
        command.addAll(List.of(words));
        Process process =
            new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        if (!process.waitFor(TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)) {
          process.destroyForcibly();
          return Reply.unknown("virsh did not answer within %s".formatted(TIMEOUT));
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
