package io.penumbra.simulator.scenario;

import io.penumbra.domain.BadInputException;
import java.io.BufferedInputStream;
import java.io.BufferedReader;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.StringReader;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;
import org.jspecify.annotations.Nullable;
import org.tukaani.xz.XZFormatException;
import org.tukaani.xz.XZIOException;
import org.tukaani.xz.XZInputStream;

/**
 * A text file that is read line by line, plain or compressed by gzip or xz (told by its first
 * bytes, not by its name), and that knows where it stands when something is wrong.
 */
public final class InputFile implements AutoCloseable {

  private static final int BUFFER_BYTES = 1 << 16;

  private final String name;
  private final BufferedReader reader;
  private String current = "";
  private long line;

  private InputFile(String name, BufferedReader reader) {
    this.name = name;
    this.reader = reader;
  }

  /** Opens a file. */
  public static InputFile open(Path file) {
    String name = file.toString();
    try {
      InputStream raw = new BufferedInputStream(Files.newInputStream(file), BUFFER_BYTES);
      try {
        return new InputFile(name, reader(decompressed(raw)));
      } catch (IOException e) {
        raw.close();
        throw e;
      }
    } catch (NoSuchFileException e) {
      throw Mistake.at(name, 0, "file", "does not exist");
    } catch (IOException e) {
      throw unreadable(name, 0, e);
    }
  }

  /** Reads lines that are already in memory. */
  public static InputFile ofText(String name, String text) {
    return new InputFile(name, new BufferedReader(new StringReader(text)));
  }

  /** Goes to the next line; false at the end. */
  public boolean next() {
    try {
      @Nullable String read = reader.readLine();
      if (read == null) {
        return false;
      }
      current = read;
      line++;
      return true;
    } catch (IOException e) {
      throw unreadable(name, line + 1, e);
    }
  }

  /** The line it stands on, without its end. */
  public String text() {
    return current;
  }

  /** The number of that line, from 1. */
  public long line() {
    return line;
  }

  public String name() {
    return name;
  }

  /** What is wrong with a field of the current line. */
  public BadInputException bad(String field, String problem) {
    return Mistake.at(name, line, field, problem);
  }

  @Override
  public void close() {
    try {
      reader.close();
    } catch (IOException e) {
      throw unreadable(name, line, e);
    }
  }

  private static InputStream decompressed(InputStream raw) throws IOException {
    raw.mark(8);
    int first = raw.read();
    int second = raw.read();
    raw.reset();
    if (first == 0x1f && second == 0x8b) {
      return new GZIPInputStream(raw, BUFFER_BYTES);
    }
    if (first == 0xfd && second == '7') {
      return new XZInputStream(raw);
    }
    return raw;
  }

  private static BufferedReader reader(InputStream stream) {
    return new BufferedReader(
        new InputStreamReader(stream, StandardCharsets.UTF_8.newDecoder()), BUFFER_BYTES);
  }

  private static BadInputException unreadable(String name, long line, IOException e) {
    String problem =
        switch (e) {
          case EOFException _ -> "is cut short: the compressed data ends in the middle";
          case ZipException _, XZFormatException _, XZIOException _ ->
              "is damaged: " + e.getMessage();
          case CharacterCodingException _ -> "is not UTF-8 text";
          default -> "cannot be read: " + e.getMessage();
        };
    return Mistake.at(name, line, "file", problem);
  }
}
