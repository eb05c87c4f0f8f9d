package io.penumbra.app;

import io.penumbra.domain.BadInputException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;

/**
 * How an exception is told to a person. This is the one place where exceptions become exit codes.
 *
 * @param exitCode one of {@link ExitCode}
 * @param what what happened, and where
 * @param advice what to do next; empty when {@code what} says it all
 */
record Failure(int exitCode, String what, String advice) {

  static Failure of(Throwable thrown) {
    return switch (thrown) {
      case BadInputException e -> badInput(String.valueOf(e.getMessage()), e.advice());
      case UncheckedIOException e when e.getCause() instanceof FileSystemException cause ->
          of(cause);
      case NoSuchFileException e -> badInput(e.getFile() + ": no such file", "Check the path.");
      case NotDirectoryException e ->
          badInput(e.getFile() + ": not a directory", "Name a directory, or one to be made.");
      case AccessDeniedException e ->
          badInput(e.getFile() + ": permission denied", "Choose a path you may use.");
      case FileAlreadyExistsException e ->
          badInput(e.getFile() + ": exists already", "Move it away, or choose another path.");
      case OutOfMemoryError e ->
          new Failure(
              ExitCode.UNEXPECTED,
              "out of memory: %s; the heap may grow to %d MiB"
                  .formatted(e.getMessage(), Runtime.getRuntime().maxMemory() >> 20),
              "Give it more: PENUMBRA_JAVA_OPTS=-Xmx4g ./penumbra ...");
      default ->
          new Failure(
              ExitCode.UNEXPECTED,
              "unexpected: " + thrown,
              "Run again with --verbose for the stack trace; it belongs into the bug report.");
    };
  }

  private static Failure badInput(String what, String advice) {
    return new Failure(ExitCode.BAD_INPUT, what, advice);
  }
}
