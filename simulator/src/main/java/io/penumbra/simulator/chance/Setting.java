package io.penumbra.simulator.chance;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * What a field of a scenario means and in which unit it is given. The configuration reference is
 * generated from these, so a field without one fails a test.
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.RECORD_COMPONENT)
public @interface Setting {

  /** One sentence without the field's name; the unit in it when there is one. */
  String value();
}
