package io.penumbra.domain;

/**
 * Something that a person wrote cannot be used: a file, a flag, a configuration key. Thrown by
 * whoever reads it, before anything is written; the command line turns it into exit code 2.
 */
public final class BadInputException extends RuntimeException {

  private static final long serialVersionUID = 1;

  private final String where;
  private final String advice;

  /**
   * Says what is wrong, where, and what to do next.
   *
   * @param where file, line and field: {@code fleet.yaml:12: racks}
   * @param what what was found and what was expected: {@code is -3; expected 1 or more}
   * @param advice what to try, as a sentence; may be empty when {@code what} says it all
   */
  public BadInputException(String where, String what, String advice) {
    super(where + ": " + what);
    this.where = where;
    this.advice = advice;
  }

  /** As the other constructor, and keeps the failure that led here. */
  public BadInputException(String where, String what, String advice, Throwable cause) {
    super(where + ": " + what, cause);
    this.where = where;
    this.advice = advice;
  }

  public String where() {
    return where;
  }

  public String advice() {
    return advice;
  }
}
