package io.penumbra.adapter.qemu.guest;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.penumbra.adapter.qemu.qmp.QmpCommand;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class GuestDiscoveryTest {

  /** As libvirt 9 starts them. */
  private static final List<String> LIBVIRT =
      List.of(
          "/usr/bin/qemu-system-x86_64",
          "-name",
          "guest=instance-00000007,debug-threads=on",
          "-object",
          "{\"qom-type\":\"memory-backend-ram\",\"id\":\"pc.ram\",\"size\":1073741824}",
          "-chardev",
          "socket,id=charmonitor,fd=25,server=on,wait=off",
          "-mon",
          "chardev=charmonitor,id=monitor,mode=control");

  private static final List<String> OURS =
      List.of(
          "qemu-system-x86_64",
          "-name",
          "guest=web",
          "-object",
          "memory-backend-file,id=ram,size=256M,mem-path=/dev/shm/web,share=on",
          "-qmp",
          "unix:/run/web.qmp,server=on,wait=off");

  @Test
  void aGuestOfLibvirtsIsKnownByItsMonitor() {
    RunningGuest guest = GuestDiscovery.guest(7, LIBVIRT).orElseThrow();

    assertThat(guest.name()).isEqualTo("instance-00000007");
    assertThat(guest.libvirt()).isTrue();
    assertThat(guest.monitor()).isEmpty();
  }

  @Test
  void aGuestWithASocketOfItsOwnIsAskedThere() {
    RunningGuest guest = GuestDiscovery.guest(7, OURS).orElseThrow();

    assertThat(guest.name()).isEqualTo("web");
    assertThat(guest.libvirt()).isFalse();
    assertThat(guest.monitor()).contains(Path.of("/run/web.qmp"));
  }

  @Test
  void whatIsNoEmulatorIsNoGuest() {
    assertThat(GuestDiscovery.guest(7, List.of("qemu-img", "create"))).isEmpty();
    assertThat(GuestDiscovery.guest(7, List.of())).isEmpty();
  }

  @Test
  void aGuestWithoutMonitorCantBeProtected() {
    RunningGuest guest = GuestDiscovery.guest(7, OURS).orElseThrow();

    List<Finding> findings = GuestCheck.check(guest, _ -> Optional.empty());

    assertThat(findings)
        .singleElement()
        .isInstanceOf(Finding.Lacking.class)
        .extracting(Finding::what)
        .isEqualTo("monitor");
  }

  @Test
  void memoryOfItsOwnAndAnOddDiskAreNamedWithWhatToChange() {
    RunningGuest guest = GuestDiscovery.guest(0, LIBVIRT).orElseThrow();

    List<Finding> findings = GuestCheck.check(guest, GuestDiscoveryTest::oddGuest);

    assertThat(findings)
        .filteredOn(Finding.Lacking.class::isInstance)
        .extracting(Finding::what)
        .containsExactly("memory", "disks");
    assertThat(findings.toString()).contains("file_backed_memory").contains("disk-1 (vmdk)");
    assertThat(findings)
        .filteredOn(Finding.Costly.class::isInstance)
        .extracting(Finding::what)
        .containsExactly("tracking");
  }

  private static Optional<JsonNode> oddGuest(QmpCommand command) {
    String answer =
        switch (command.name()) {
          case "query-version" -> "{}";
          case "query-memdev" -> "[{\"id\": \"pc.ram\", \"share\": false}]";
          case "query-named-block-nodes" ->
              "[{\"node-name\": \"disk-0\", \"drv\": \"raw\"},"
                  + " {\"node-name\": \"disk-1\", \"drv\": \"vmdk\"}]";
          default -> "";
        };
    try {
      return Optional.of(new ObjectMapper().readTree(answer));
    } catch (IOException e) {
      throw new IllegalStateException(command.name(), e);
    }
  }
}
