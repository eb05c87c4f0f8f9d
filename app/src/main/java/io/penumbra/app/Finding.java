package io.penumbra.app;

/**
 * What the doctor found out about one thing.
 *
 * @param subject the thing, short: {@code libgomp}
 * @param health how it is
 * @param detail what was seen, with numbers
 * @param remedy how to get it or better it; empty when all is well
 */
record Finding(String subject, Health health, String detail, String remedy) {

  /** How a thing is. Only {@link #MISSING} makes the doctor fail. */
  enum Health {
    OK("ok"),
    /** Not there, and needed only by those who want what the detail says. */
    ABSENT("absent"),
    /** Something that Penumbra promises does not work without it. */
    MISSING("MISSING");

    private final String label;

    Health(String label) {
      this.label = label;
    }

    String label() {
      return label;
    }
  }

  static Finding ok(String subject, String detail) {
    return new Finding(subject, Health.OK, detail, "");
  }

  static Finding absent(String subject, String detail, String remedy) {
    return new Finding(subject, Health.ABSENT, detail, remedy);
  }

  static Finding missing(String subject, String detail, String remedy) {
    return new Finding(subject, Health.MISSING, detail, remedy);
  }
}
