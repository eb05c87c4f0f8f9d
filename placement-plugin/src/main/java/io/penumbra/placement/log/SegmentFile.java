package io.penumbra.placement.log;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Where a segment and its index lie.
 *
 * @param number counts segments from 1
 */
record SegmentFile(Path directory, long number) {

  private static final Pattern NAME = Pattern.compile("decisions-([0-9]{1,18})\\.jsonl");

  /** The lines. */
  Path lines() {
    return directory.resolve("decisions-%06d.jsonl".formatted(number));
  }

  /** One entry per decision; only saves time, the segment alone says everything. */
  Path index() {
    return directory.resolve("decisions-%06d.index".formatted(number));
  }

  /** All segments in a directory, oldest first. */
  static List<SegmentFile> in(Path directory) {
    try (Stream<Path> files = Files.list(directory)) {
      return files
          .flatMapToLong(file -> numberOf(file).stream())
          .sorted()
          .mapToObj(number -> new SegmentFile(directory, number))
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot list " + directory, e);
    }
  }

  private static OptionalLong numberOf(Path file) {
    Matcher name =
        NAME.matcher(Optional.ofNullable(file.getFileName()).map(Path::toString).orElse(""));
    return name.matches() ? OptionalLong.of(Long.parseLong(name.group(1))) : OptionalLong.empty();
  }

  void delete() {
    try {
      Files.deleteIfExists(lines());
      Files.deleteIfExists(index());
    } catch (IOException e) {
      throw new UncheckedIOException("cannot delete " + lines(), e);
    }
  }
}
