package io.penumbra.simulator.scenario;

import io.penumbra.domain.BadInputException;

/** Words for what is wrong with an input, always in the same order: file, line, field, problem. */
public final class Mistake {

  private Mistake() {}

  /**
   * Names a place and what is wrong there.
   *
   * @param source file name or flag
   * @param line from 1; 0 when there are no lines
   * @param field which value
   * @param problem what was found and what was expected
   */
  public static BadInputException at(String source, long line, String field, String problem) {
    String place = line > 0 ? source + ":" + line : source;
    return new BadInputException(place + ": " + field, problem, "");
  }
}
