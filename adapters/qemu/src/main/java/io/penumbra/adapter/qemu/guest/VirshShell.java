package io.penumbra.adapter.qemu.guest;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A {@code virsh} that stays open: to start one takes ten times as long as what it is asked for.
 * Every command has one line for an answer.
 */
final class VirshShell implements AutoCloseable {

  /**
   * It repeats what it is told, in lines as wide as its terminal or, without one, as wide as this:
   * a longer one comes back in pieces.
   */
  private static final String WIDTH = "30000";

  private final Process process;
  private final BufferedReader answers;
  private final BufferedWriter commands;
  private long asked;

  /** What it still has to say to the command before. */
  private String due = "";

  private VirshShell(Process process) {
    this.process = process;
    answers = process.inputReader(StandardCharsets.UTF_8);
    commands = process.outputWriter(StandardCharsets.UTF_8);
  }

  /** Starts one; without words it is told what to do by {@link #ask}. */
  static VirshShell start(Optional<String> uri, String... words) throws IOException {
    List<String> command = new ArrayList<>(List.of("virsh", "--quiet"));
    uri.ifPresent(to -> command.addAll(List.of("--connect", to)));
    command.addAll(List.of(words));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("LC_ALL", "C.UTF-8"); // complaints begin with "error:"
    builder.environment().put("TERM", "dumb");
    builder.environment().put("COLUMNS", WIDTH);
    return new VirshShell(builder.start());
  }

  /**
   * The answer to a command that is answered in JSON, or what is wrong with it. After it virsh is
   * told to say a word of ours: what comes before that belongs to the command, so that a complaint
   * that nobody asked for, such as one of a lost connection, puts nothing out of step.
   */
  synchronized String ask(String line) throws IOException {
    while (!due.isEmpty() && !more().startsWith(due)) {
      // It belongs to the command before.
    }
    due = "end-%d.".formatted(++asked);
    commands.write("%s\necho %s\n\n".formatted(line, due)); // the word ends no line
    commands.flush();
    String complaint = "error: virsh said nothing";
    for (String said = more(); !said.startsWith(due); said = more()) {
      if (said.startsWith("{")) {
        return said;
      }
      complaint = said.startsWith("error:") ? said : complaint;
    }
    due = "";
    return complaint;
  }

  private String more() throws IOException {
    return next().orElseThrow(() -> new IOException("virsh has ended"));
  }

  /** The next line; empty when it has ended. */
  Optional<String> next() throws IOException {
    return Optional.ofNullable(answers.readLine());
  }

  /** As virsh reads words: nothing means anything between these. */
  static String quoted(String word) {
    return "'" + word + "'";
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
