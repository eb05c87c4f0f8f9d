package io.penumbra.app.train;

import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Collectors;

/** The columns that a file of telemetry may have, by the names in its first line. */
enum Column {
  HOST("host", Kind.NAME, true),
  AT("at", Kind.INSTANT, false),
  HOURS_UNTIL_FAILURE("hours_until_failure", Kind.AMOUNT, true),
  HOURS_WATCHED("hours_watched", Kind.AMOUNT, true),
  STANDS_FOR("stands_for", Kind.AMOUNT, false),
  CPU_LOAD("cpu_load", Kind.SHARE, false),
  MEMORY_LOAD("memory_load", Kind.SHARE, false),
  MEMORY_CORRECTED_LAST_DAY("memory_corrected_last_day", Kind.AMOUNT, false),
  MEMORY_CORRECTED_TOTAL("memory_corrected_total", Kind.AMOUNT, false),
  SMART_5("smart_5_reallocated", Kind.AMOUNT, false),
  SMART_187("smart_187_uncorrectable", Kind.AMOUNT, false),
  SMART_188("smart_188_timeouts", Kind.AMOUNT, false),
  SMART_197("smart_197_pending", Kind.AMOUNT, false),
  SMART_198("smart_198_offline_uncorrectable", Kind.AMOUNT, false),
  DISK_NEW_DEFECTS_LAST_DAY("disk_new_defects_last_day", Kind.AMOUNT, false),
  INLET_CELSIUS("inlet_celsius", Kind.CELSIUS, false),
  CPU_CELSIUS("cpu_celsius", Kind.CELSIUS, false),
  FAN_SHARE("fan_share", Kind.AMOUNT, false),
  AGE_HOURS("age_hours", Kind.AMOUNT, false),
  PAST_FAILURES("past_failures", Kind.AMOUNT, false),
  HOURS_SINCE_REPAIR("hours_since_repair", Kind.AMOUNT, false),
  FIRMWARE("firmware", Kind.NAME, false),
  GUEST_MEMORY_PRESSURE_WORST("guest_memory_pressure_worst", Kind.SHARE, false),
  GUEST_CRASHES_LAST_DAY("guest_crashes_last_day", Kind.AMOUNT, false),
  GUEST_IO_ERRORS_LAST_DAY("guest_io_errors_last_day", Kind.AMOUNT, false),
  GUEST_STEAL_WORST("guest_steal_worst", Kind.SHARE, false);

  /** What a column's values may be. */
  enum Kind {
    NAME("a name without blanks, 1 to 255 characters", 0, 0),
    INSTANT("a time such as 2026-01-31T12:00:00Z", 0, 0),
    SHARE("a number from 0 to 1, or nothing", 0, 1),
    AMOUNT("a number from 0 on, or nothing", 0, 1e15),
    CELSIUS("a number from -100 to 200, or nothing", -100, 200);

    private final String expected;
    private final double min;
    private final double max;

    Kind(String expected, double min, double max) {
      this.expected = expected;
      this.min = min;
      this.max = max;
    }

    String expected() {
      return expected;
    }

    boolean allows(double value) {
      return value >= min && value <= max;
    }
  }

  private final String title;
  private final Kind kind;
  private final boolean required;

  Column(String title, Kind kind, boolean required) {
    this.title = title;
    this.kind = kind;
    this.required = required;
  }

  String title() {
    return title;
  }

  Kind kind() {
    return kind;
  }

  boolean required() {
    return required;
  }

  static Optional<Column> named(String title) {
    return Arrays.stream(values()).filter(column -> column.title.equals(title)).findFirst();
  }

  static String titles() {
    return Arrays.stream(values()).map(Column::title).collect(Collectors.joining(", "));
  }
}
