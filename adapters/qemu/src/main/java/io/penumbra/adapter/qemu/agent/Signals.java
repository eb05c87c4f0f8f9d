package io.penumbra.adapter.qemu.agent;

import java.io.IOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;

/** Signals to processes, and what {@code /proc} says of them. */
public final class Signals {

  public static final int KILL = 9;
  public static final int CONT = 18;
  public static final int STOP = 19;

  @SuppressWarnings("restricted") // native access is what this class is for
  private static final MethodHandle SEND =
      Linker.nativeLinker()
          .downcallHandle(
              Linker.nativeLinker().defaultLookup().findOrThrow("kill"),
              FunctionDescriptor.of(
                  ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));

  private Signals() {}

  /** Sends a signal; false if there is no such process, or it isn't ours. */
  public static boolean send(long pid, int signal) {
    if (pid <= 1) {
      throw new IllegalArgumentException("signal %d to process %d".formatted(signal, pid));
    }
    try {
      return (int) SEND.invokeExact((int) pid, signal) == 0;
    } catch (RuntimeException e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException("kill can't be called", e);
    }
  }

  /** What a process is, by {@code /proc/PID/stat}. */
  public record Stat(char state, long startTicks, long userTicks, long systemTicks) {

    static final Stat GONE = new Stat('X', 0, 0, 0);

    /** Whether it exists and is no zombie. */
    public boolean alive() {
      return state != 'X' && state != 'Z';
    }

    /** Whether a signal holds it. */
    public boolean frozen() {
      return state == 'T';
    }
  }

  /** How a process is; one that is not there is gone. */
  public static Stat stat(long pid) {
    try {
      String text = Files.readString(Path.of("/proc/" + pid + "/stat"));
      // The command may hold anything, parentheses included; what follows the last one is ours.
      String[] fields = text.substring(text.lastIndexOf(')') + 2).split(" ", -1);
      return new Stat(
          fields[0].charAt(0),
          Long.parseLong(fields[19]),
          Long.parseLong(fields[11]),
          Long.parseLong(fields[12]));
    } catch (IOException | RuntimeException gone) {
      return Stat.GONE;
    }
  }
}
