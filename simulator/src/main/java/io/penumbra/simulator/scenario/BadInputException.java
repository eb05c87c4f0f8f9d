package io.penumbra.simulator.scenario;

import java.util.OptionalLong;

/**
 * Something a person wrote or recorded cannot be used. The message is complete: where (file, line),
 * what (field), what was found, what was expected, and advice when there is any.
 */
public final class BadInputException extends RuntimeException {

  private static final long serialVersionUID = 1;

  private final String source;
  private final long line;
  private final String field;

  /**
   * Names a place and what is wrong there.
   *
   * @param source file name or flag
   * @param line from 1; 0 when there are no lines
   * @param field which value
   * @param problem what was found and what was expected
   */
  public BadInputException(String source, long line, String field, String problem) {
    super(
        line > 0
            ? "%s:%d: %s %s".formatted(source, line, field, problem)
            : "%s: %s %s".formatted(source, field, problem));
    this.source = source;
    this.line = line;
    this.field = field;
  }

  public String source() {
    return source;
  }

  /** The line, from 1; empty when the source has no lines or could not be read at all. */
  public OptionalLong line() {
    return line > 0 ? OptionalLong.of(line) : OptionalLong.empty();
  }

  public String field() {
    return field;
  }
}
