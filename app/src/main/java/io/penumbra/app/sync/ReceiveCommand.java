package io.penumbra.app.sync;

import io.micrometer.core.instrument.MeterRegistry;
import io.penumbra.app.ExitCode;
import io.penumbra.domain.BadInputException;
import io.penumbra.sync.engine.ReceiverListener;
import io.penumbra.sync.engine.SyncReceiver;
import io.penumbra.sync.file.DirectorySink;
import io.penumbra.sync.file.Retention;
import io.penumbra.sync.meter.Stage;
import io.penumbra.sync.meter.StageMeters;
import io.penumbra.sync.route.RouteLink;
import io.penumbra.sync.session.EscalationPolicy;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Keeps the copy that a sender tells of, until it is stopped; it may be killed at any time. */
@Command(
    name = "receive",
    description = {
      "",
      "Keeps a copy in a directory. An epoch is acked when it is durable and every page's hash is",
      "right; stop or kill it whenever you like, it goes on from the last acked epoch.",
      ""
    })
final class ReceiveCommand implements Callable<Integer> {

  @Spec private CommandSpec spec;

  @Option(
      names = "--dir",
      required = true,
      paramLabel = "DIR",
      description = "Where the copy and its epochs are kept; made if it is not there.")
  private Path dir;

  @Option(
      names = "--listen",
      paramLabel = "HOST:PORT",
      description = "Where the sender comes in; several addresses, separated by commas.")
  private Optional<String> listen = Optional.empty();

  @Mixin private Carrier carrier;

  @Mixin private MetricsOption metrics;

  @Mixin private KeyFile key;

  @Option(
      names = "--keep",
      paramLabel = "N",
      defaultValue = "1000",
      description = "How many epochs are kept to go back to; ${DEFAULT-VALUE} if not given.")
  private int keep;

  @Option(
      names = "--verify",
      paramLabel = "RATE",
      defaultValue = "16M",
      converter = ByteRate.Converter.class,
      description =
          "Look over the copy beside the work, at most so many bytes per second; rotten pages are"
              + " asked for. ${DEFAULT-VALUE} if not given.")
  private ByteRate verify;

  @Option(
      names = "--store",
      paramLabel = "DIR",
      description =
          "Keep every epoch in a tiered chunk store, too; 'restore --from-store' reads it. A file"
              + " instead of a directory holds the store's settings, such as an S3 and keys.")
  private Optional<Path> store = Optional.empty();

  @SuppressWarnings("NullAway.Init") // picocli sets the fields before it runs anything
  ReceiveCommand() {}

  @Override
  public Integer call() throws IOException, InterruptedException {
    String way = carrier.name("--listen", listen);
    if (keep < 1) {
      throw new BadInputException("--keep", "is %d; expected 1 or more".formatted(keep), "");
    }
    ReceiveReport report =
        new ReceiveReport(spec.commandLine().getOut(), spec.commandLine().getErr());
    if (store.isEmpty()) {
      receive(way, report, Optional.empty());
    } else {
      try (StoreArchiving archiving =
          StoreArchiving.in(store.get(), report, spec.commandLine().getErr())) {
        receive(way, archiving, Optional.of(archiving));
      }
    }
    return ExitCode.OK;
  }

  private void receive(String way, ReceiverListener listener, Optional<StoreArchiving> archiving)
      throws IOException, InterruptedException {
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    var secret = key.read();
    MeterRegistry registry = metrics.serve();
    StageMeters meters =
        new StageMeters(
            registry, System::nanoTime, Stage.SHARD, Stage.VERIFY, Stage.STORE, Stage.APPLY);
    try (DirectorySink sink = sink();
        RouteLink link = carrier.receiver(listen, secret, registry, err)) {
      out.printf("listening on %s, keeping %s%n", way, dir);
      out.flush();
      SyncReceiver receiver =
          new SyncReceiver(
                  meters.around(sink),
                  meters.around(Wire.coding(Double.POSITIVE_INFINITY, 1)),
                  meters.around(link),
                  secret,
                  EscalationPolicy.DEFAULT,
                  new SecureRandom(),
                  listener)
              .verifying(verify.bytesPerSecond(), InstantSource.system());
      archiving.ifPresent(store -> store.keep(receiver, registry));
      receiver.run();
    } catch (FileSystemException e) {
      throw e;
    } catch (IOException e) {
      throw new BadInputException(
          dir.toString(),
          String.valueOf(e.getMessage()),
          "See to it and start again: what was acked is safe, and the transfer goes on from there.",
          e);
    }
  }

  private DirectorySink sink() throws IOException {
    try {
      return DirectorySink.on(dir, new Retention(keep, Retention.DEFAULT.bytesMax()));
    } catch (IllegalStateException e) {
      throw new BadInputException(
          "--dir", String.valueOf(e.getMessage()), "Stop that one, or choose another.", e);
    }
  }
}
