package io.penumbra.web;

/** What came of a call to somebody else. */
public sealed interface Reply<T> {

  /** It was carried out. */
  record Ok<T>(T value) implements Reply<T> {}

  /**
   * The other end answered, and said no.
   *
   * @param status of HTTP
   * @param code its problem's title, or empty
   */
  record Refused<T>(int status, String code, String detail) implements Reply<T> {}

  /** It could not be reached at all: nothing has happened there. */
  record Unreachable<T>(String why) implements Reply<T> {}

  /** It was reached and did not answer, or not in time, or not in words: nobody can say. */
  record Unclear<T>(String why) implements Reply<T> {}
}
