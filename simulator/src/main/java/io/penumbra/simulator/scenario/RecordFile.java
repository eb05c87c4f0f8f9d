package io.penumbra.simulator.scenario;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * A YAML file that says what differs from a record's defaults. A key that the record doesn't have
 * is refused, with its line and the nearest one that exists.
 */
public final class RecordFile {

  private static final long BYTES_MAX = 4 << 20;

  private RecordFile() {}

  /**
   * The record with what the file says, and for the rest what {@code defaults} says.
   *
   * @throws io.penumbra.domain.BadInputException naming file, line and field, and what was expected
   */
  public static <T extends Record> T read(Path file, T defaults) {
    return RecordBinder.bind(YamlNode.parse(file.toString(), text(file)), defaults);
  }

  static String text(Path file) {
    try {
      if (Files.size(file) > BYTES_MAX) {
        throw Mistake.at(
            file.toString(),
            0,
            "file",
            "has %d bytes; expected at most %d".formatted(Files.size(file), BYTES_MAX));
      }
      return Files.readString(file);
    } catch (NoSuchFileException e) {
      throw Mistake.at(file.toString(), 0, "file", "does not exist");
    } catch (CharacterCodingException e) {
      throw Mistake.at(file.toString(), 0, "file", "is not UTF-8 text");
    } catch (IOException e) {
      throw Mistake.at(file.toString(), 0, "file", "cannot be read: " + e.getMessage());
    }
  }
}
