package io.penumbra.adapter.qemu.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.penumbra.adapter.qemu.api.RestoreOrder;
import io.penumbra.adapter.qemu.api.ShadowOrder;
import io.penumbra.adapter.qemu.guest.GuestSpec;
import io.penumbra.adapter.qemu.guest.LaunchSettings;
import io.penumbra.domain.HostId;
import io.penumbra.domain.Resources;
import io.penumbra.domain.VmId;
import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.web.Reply;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is decided before any QEMU is started. */
class QemuHypervisorTest {

  private static final Resources SIZE = new Resources(1, 128, 1);

  @TempDir private Path directory;
  private Path others;
  private QemuHypervisor hypervisor;

  @BeforeEach
  void files() throws IOException {
    others = Files.createDirectories(directory.resolve("others"));
    Files.writeString(others.resolve("file"), "not ours");
    hypervisor =
        new QemuHypervisor(
            Files.createDirectories(directory.resolve("guests")), "h1", LaunchSettings.DEFAULT);
  }

  private List<VmId> pathsToOthers() {
    return List.of(VmId.of(others.toString()), VmId.of("../others"), VmId.of(".."), VmId.of("."));
  }

  @Test
  void anIdThatLeadsElsewhereRemovesNothingThere() throws HypervisorException {
    for (VmId path : pathsToOthers()) {
      hypervisor.remove(path);
      hypervisor.end(path);
      assertThatExceptionOfType(HypervisorException.class)
          .isThrownBy(() -> hypervisor.restore(path, Optional.empty(), SIZE))
          .satisfies(e -> assertThat(e.code()).isEqualTo("bad-spec"));
    }
    assertThat(others.resolve("file")).hasContent("not ours");
    assertThat(directory.resolve("guests")).exists();
  }

  @Test
  void whoOrdersAShadowUnderSuchAnIdIsRefusedByTheAgent() throws Exception {
    try (TestHost host = TestHost.with(directory, "h2", "http://127.0.0.1:9", hypervisor)) {
      for (VmId path : pathsToOthers()) {
        assertThat(
                host.client()
                    .prepare(
                        new ShadowOrder(
                            TestHost.spec(path.value()),
                            HostId.of("h1"),
                            0,
                            ShadowMode.WARM,
                            SIZE,
                            false)))
            .isNotInstanceOf(Reply.Ok.class);
        assertThat(
                host.client()
                    .restore(
                        path,
                        new RestoreOrder(HostId.of("h1"), 0, SIZE, Optional.empty()),
                        Duration.ofSeconds(5)))
            .isNotInstanceOf(Reply.Ok.class);
      }
      assertThat(host.instances()).isEmpty();
    }
    assertThat(others.resolve("file")).hasContent("not ours");
  }

  @Test
  void whatIsBesideAVmsFilesIsNoOtherVms() {
    Path own = directory.resolve("web");
    for (Path beside : List.of(QemuShadow.copyOf(own), QemuShadow.fetchedBeside(own))) {
      VmId name = VmId.of(String.valueOf(beside.getFileName()));
      assertThat(GuestSpec.canNameFiles(name)).as(name.value()).isFalse();
    }
  }
}
