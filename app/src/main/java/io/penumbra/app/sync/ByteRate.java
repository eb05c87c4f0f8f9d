package io.penumbra.app.sync;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * Bytes per second as people write them: {@code 100M} is 100 MiB.
 *
 * @param bytesPerSecond infinite when there is no limit
 */
record ByteRate(double bytesPerSecond) {

  /** Reads one. */
  static final class Converter implements ITypeConverter<ByteRate> {

    private static final Pattern FORM = Pattern.compile("(\\d{1,6})([KMG])");

    @Override
    public ByteRate convert(String text) {
      if (text.equals("unlimited")) {
        return new ByteRate(Double.POSITIVE_INFINITY);
      }
      Matcher matcher = FORM.matcher(text);
      if (!matcher.matches() || Long.parseLong(matcher.group(1)) == 0) {
        throw new TypeConversionException(
            "'%s' is no rate; expected KiB, MiB or GiB per second, as in 100M".formatted(text));
      }
      int shift = 10 * (1 + "KMG".indexOf(matcher.group(2)));
      return new ByteRate((double) (Long.parseLong(matcher.group(1)) << shift));
    }
  }
}
