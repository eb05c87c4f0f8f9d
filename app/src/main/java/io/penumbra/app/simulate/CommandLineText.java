package io.penumbra.app.simulate;

import java.util.List;
import java.util.stream.Collectors;

/** A command line as somebody can type it again. */
final class CommandLineText {

  private CommandLineText() {}

  /** {@code ./penumbra NAME ARGUMENTS}, quoted where a shell needs it. */
  static String of(List<String> arguments, String name) {
    List<String> own =
        arguments.isEmpty() || !arguments.getFirst().equals(name)
            ? arguments
            : arguments.subList(1, arguments.size());
    return own.stream()
        .map(CommandLineText::quoted)
        .collect(Collectors.joining(" ", "./penumbra " + name + " ", ""))
        .strip();
  }

  private static String quoted(String argument) {
    return argument.matches("[\\w@%+=:,./-]+")
        ? argument
        : "'" + argument.replace("'", "'\\''") + "'";
  }
}
