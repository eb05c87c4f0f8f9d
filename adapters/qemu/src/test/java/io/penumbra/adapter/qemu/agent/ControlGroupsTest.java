package io.penumbra.adapter.qemu.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is written where, in directories that look as the kernel's do. */
class ControlGroupsTest {

  @TempDir private Path mount = Path.of("replaced by JUnit");

  private Path second(Path group, String controllers) throws IOException {
    Files.createDirectories(group);
    Files.writeString(group.resolve("cgroup.controllers"), controllers + "\n");
    Files.writeString(group.resolve("cgroup.subtree_control"), "cpu io\n");
    Files.writeString(group.resolve("cgroup.procs"), "");
    return group;
  }

  private static Path made(Path group, String... files) throws IOException {
    Files.createDirectories(group);
    for (String file : files) {
      Files.writeString(group.resolve(file), "");
    }
    return group;
  }

  private ControlGroups groups() {
    return ControlGroups.at(mount, mount.resolve("own"));
  }

  @Test
  void versionTwoIsTakenWhereItHasTheCpu() throws IOException {
    second(mount, "cpuset cpu io memory");
    Path group = made(mount.resolve("penumbra-guest-7"), "cpu.weight", "cgroup.procs");

    assertThat(groups().weigh("guest-7", 7, 300).orThrow()).isEqualTo("cpu.weight 300");
    assertThat(group.resolve("cgroup.procs")).hasContent("7");
    made(mount.resolve("penumbra-agent-8"), "cpu.max", "cgroup.procs");
    assertThat(groups().cap("agent-8", 8, 0.5).orThrow()).isEqualTo("cpu.max 50000 100000");
  }

  @Test
  void versionOneIsTakenWhereThereIsNoOther() throws IOException {
    made(mount.resolve("cpu"), "cgroup.procs");
    Path group =
        made(
            mount.resolve("cpu/penumbra-guest-7"),
            "cpu.shares",
            "cpu.cfs_quota_us",
            "cgroup.procs");

    assertThat(groups().weigh("guest-7", 7, 300).orThrow()).isEqualTo("cpu.shares 3072");
    assertThat(groups().cap("guest-7", 7, 1.5).orThrow()).isEqualTo("cpu.cfs_quota_us 150000");
    assertThat(group.resolve("cgroup.procs")).hasContent("7");
  }

  @Test
  void withoutEitherItIsRefusedWithTheReason() throws IOException {
    assertThat(groups().weigh("guest-7", 7, 300).refusal())
        .hasValueSatisfying(why -> assertThat(why).contains("no cgroup with a CPU controller"));
    assertThat(OwnCaps.available(groups(), true)).contains("nice and ionice hold the agent");
    assertThat(OwnCaps.available(groups(), false)).contains("the agent is not held");
    second(mount, "hugetlb");
    assertThat(groups().usable()).as("it has no CPU controller").isFalse();
  }
}
