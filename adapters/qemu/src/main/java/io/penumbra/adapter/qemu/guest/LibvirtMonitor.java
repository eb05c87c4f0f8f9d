package io.penumbra.adapter.qemu.guest;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.penumbra.adapter.qemu.Reply;
import io.penumbra.adapter.qemu.qmp.QmpCommand;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/** Asks a guest's monitor through libvirt, which keeps it to itself ({@code virsh}). */
public final class LibvirtMonitor {

  private static final ObjectMapper JSON = new ObjectMapper();

  private final String domain;
  private final Optional<String> uri;

  /** The monitor of a domain, by its name, at virsh's default connection. */
  public LibvirtMonitor(String domain) {
    this(domain, Optional.empty());
  }

  /** The same at another connection, such as {@code qemu:///session}. */
  public LibvirtMonitor(String domain, Optional<String> uri) {
    this.domain = domain;
    this.uri = uri;
  }

  /** The domains that run; refused if there is no libvirt here. */
  public static Reply<List<String>> domains(Optional<String> uri) {
    return Virsh.run(uri, "list", "--name")
        .map(text -> text.lines().filter(line -> !line.isBlank()).toList());
  }

  /** Carries out a command. */
  public Reply<JsonNode> execute(QmpCommand command) {
    String json =
        JSON.createObjectNode()
            .put("execute", command.name())
            .set("arguments", command.arguments())
            .toString();
    return Virsh.run(uri, "qemu-monitor-command", domain, json)
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
}
