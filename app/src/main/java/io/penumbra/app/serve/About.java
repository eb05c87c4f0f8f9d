package io.penumbra.app.serve;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** What a configuration key means; the reference is made of these. */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.RECORD_COMPONENT)
public @interface About {

  /** What it does, with its unit. */
  String value();

  /** What holds when it is left out; empty when it must be given. */
  String otherwise() default "";
}
