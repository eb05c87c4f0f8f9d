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
@Timeout(300)
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
    double[] shares = shares(agent, guest);
    // Whoever may have more gets it when others leave it something.
    for (int again = 0; again < 20 && (shares[0] < 0.01 || shares[1] <= CORES + 0.05); again++) {
      shares = shares(agent, guest);
    }
    if (said.startsWith("capped by")) {
      assertThat(shares[0]).isBetween(0.01, CORES + 0.1);
      assertThat(shares[1]).as("it is not in the agent's group").isGreaterThan(CORES + 0.05);
      assertThat(said).containsAnyOf("cpu.weight 300", "cpu.shares 3072");
    } else {
      assertThat(niceOf(agent)).isEqualTo(5);
      assertThat(niceOf(guest)).isZero();
      assertThat(said).endsWith("not weighed");
    }
  }

  /** Of how many cores each of them was given, for two seconds or for as long as it took. */
  private static double[] shares(long agent, long guest) throws Exception {
    long began = System.nanoTime();
    long before = ticks(agent);
    long guestBefore = ticks(guest);
    Thread.sleep(MILLIS);
    long guestHad = ticks(guest) - guestBefore;
    long agentHad = ticks(agent) - before;
    double hundredths = (System.nanoTime() - began) / 1e7;
    double[] shares = {agentHad / hundredths, guestHad / hundredths};
    System.out.printf("agent %.2f cores, guest %.2f cores%n", shares[0], shares[1]);
    return shares;
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
