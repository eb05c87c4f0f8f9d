package io.penumbra.adapter.qemu.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Real processes, and what the kernel really lets them have. */
@Timeout(90)
class OwnCapsTest {

  private static final double CORES = 0.2;
  private static final long MILLIS = 2_000;

  /** An agent that is capped, computes without end, and has started a guest that does so too. */
  public static void main(String[] arguments) throws IOException {
    OwnCaps caps = new OwnCaps(ControlGroups.ofMachine(), CORES);
    String said = caps.apply();
    Process guest = new ProcessBuilder("sh", "-c", "while :; do :; done").start();
    caps.letOut(guest.pid());
    String raised = caps.weigh(guest.pid(), 300).found().orElse("not weighed");
    System.out.println(said + "; guest " + guest.pid() + "; " + raised);
    while (System.in.available() == 0) {
      // As busy as it can be.
    }
    guest.destroyForcibly();
  }

  @Test
  void anAgentHasNoMoreOfTheCpuThanItsCapAndItsGuestsAreNotHeldByIt() throws Exception {
    assumeTrue("root".equals(System.getProperty("user.name")), "caps want root");
    Process agent =
        new ProcessBuilder(
                List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-XX:+UseSerialGC",
                    "-cp",
                    System.getProperty("java.class.path"),
                    OwnCapsTest.class.getName()))
            .redirectErrorStream(true)
            .start();
    try (BufferedReader out = agent.inputReader()) {
      String said = out.readLine();
      assertThat(said).isNotNull();
      System.out.println("caps here: " + said);
      long guest = Long.parseLong(said.replaceAll(".*; guest (\\d+);.*", "$1"));
      try {
        judge(agent.pid(), guest, said);
      } finally {
        ProcessHandle.of(guest).ifPresent(ProcessHandle::destroyForcibly);
      }
    } finally {
      agent.destroyForcibly();
      agent.waitFor();
      ControlGroups.ofMachine().sweep();
    }
  }

  private static void judge(long agent, long guest, String said) throws Exception {
    long before = ticks(agent);
    long guestBefore = ticks(guest);
    Thread.sleep(MILLIS);
    double share = (ticks(agent) - before) * 10.0 / MILLIS;
    double guestShare = (ticks(guest) - guestBefore) * 10.0 / MILLIS;
    System.out.printf("agent %.2f cores, guest %.2f cores%n", share, guestShare);
    if (said.startsWith("capped by")) {
      assertThat(share).isBetween(0.01, CORES + 0.1);
      assertThat(guestShare).as("it is not in the agent's group").isGreaterThan(CORES + 0.05);
      assertThat(said).containsAnyOf("cpu.weight 300", "cpu.shares 3072");
    } else {
      assertThat(niceOf(agent)).isEqualTo(5);
      assertThat(niceOf(guest)).isZero();
      assertThat(said).endsWith("not weighed");
    }
  }

  /** User and system time in hundredths of a second. */
  private static long ticks(long pid) throws IOException {
    String[] fields = fields(pid);
    return Long.parseLong(fields[11]) + Long.parseLong(fields[12]);
  }

  private static int niceOf(long pid) throws IOException {
    return Integer.parseInt(fields(pid)[16]);
  }

  private static String[] fields(long pid) throws IOException {
    String stat = Files.readString(Path.of("/proc/%d/stat".formatted(pid)));
    return stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
  }
}
