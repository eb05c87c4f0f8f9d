package io.penumbra.app.sync;

import io.penumbra.sync.session.Early;
import java.util.Locale;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads whether pages go ahead of cuts: on, off or auto. */
final class EarlyWord implements ITypeConverter<Early> {

  @Override
  public Early convert(String word) {
    for (Early early : Early.values()) {
      if (early.name().toLowerCase(Locale.ROOT).equals(word)) {
        return early;
      }
    }
    throw new TypeConversionException("'%s'; expected on, off or auto".formatted(word));
  }
}
