package io.penumbra.app.sync;

import io.penumbra.sync.file.QuietHook;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * Makes writers quiet by a command, and lets them go on by another. A command that fails or takes
 * too long counts as not quiet: then the cut looks twice, as if there were no hook.
 */
final class CommandHook implements QuietHook {

  private static final int PATIENCE_SECONDS = 10;

  private final String quiet;
  private final Optional<String> goOn;
  private final PrintWriter err;

  CommandHook(String quiet, Optional<String> goOn, PrintWriter err) {
    this.quiet = quiet;
    this.goOn = goOn;
    this.err = err;
  }

  @Override
  public boolean quiet() {
    return run(quiet);
  }

  @Override
  public void goOn() {
    goOn.ifPresent(this::run);
  }

  private boolean run(String command) {
    try {
      Process process =
          new ProcessBuilder(List.of("/bin/sh", "-c", command))
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
      if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        err.printf("penumbra: '%s' took longer than %d s%n", command, PATIENCE_SECONDS);
        return false;
      }
      if (process.exitValue() != 0) {
        err.printf("penumbra: '%s' ended with %d%n", command, process.exitValue());
      }
      return process.exitValue() == 0;
    } catch (IOException e) {
      err.println("penumbra: " + e.getMessage());
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }
}
