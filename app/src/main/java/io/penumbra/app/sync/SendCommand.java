package io.penumbra.app.sync;

import io.micrometer.core.instrument.MeterRegistry;
import io.penumbra.app.ExitCode;
import io.penumbra.app.progress.Progress;
import io.penumbra.domain.BadInputException;
import io.penumbra.domain.VmId;
import io.penumbra.sync.engine.Pace;
import io.penumbra.sync.engine.SyncSender;
import io.penumbra.sync.epoch.RegionKind;
import io.penumbra.sync.file.LiveFiles;
import io.penumbra.sync.file.QuietHook;
import io.penumbra.sync.file.ScratchFile;
import io.penumbra.sync.meter.Stage;
import io.penumbra.sync.meter.StageMeters;
import io.penumbra.sync.route.RouteLink;
import io.penumbra.sync.scan.CutSettings;
import io.penumbra.sync.scan.CutTaker;
import io.penumbra.sync.session.Early;
import io.penumbra.sync.session.SenderSettings;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Sends an image that others are writing, and then what changes in it, until it is stopped. */
@Command(
    name = "send",
    description = {
      "",
      "Sends a file or block image that others may be writing, then its changes, until stopped.",
      "",
      "A cut of a live image is copied, then compared once more. Status lines say how consistent",
      "it is: quiesced (the --quiesce command succeeded), stable (two looks agreed: the state of",
      "one moment) or pagewise (writers were too busy; every page is whole, but pages may be of",
      "different moments). Once writers pause, the copy is identical to the byte.",
      ""
    })
final class SendCommand implements Callable<Integer> {

  @Spec private CommandSpec spec;

  @Parameters(arity = "1..*", paramLabel = "FILE", description = "Image, RAM file or device.")
  private List<Path> files;

  @Option(
      names = "--to",
      paramLabel = "HOST:PORT",
      description = "Receiver; several addresses, separated by commas, are several paths.")
  private Optional<String> to = Optional.empty();

  @Mixin private Carrier carrier;

  @Mixin private MetricsOption metrics;

  @Option(
      names = "--epoch",
      paramLabel = "TIME",
      defaultValue = "1s",
      converter = ShortDuration.class,
      description = "From cut to cut, ${DEFAULT-VALUE} if not given; longer when the way is slow.")
  private Duration epoch;

  @Mixin private KeyFile key;

  @Option(
      names = "--vm",
      paramLabel = "NAME",
      description = "What the copy is called; the file's name if not given.")
  private Optional<String> vm = Optional.empty();

  @Option(
      names = "--quiesce",
      paramLabel = "COMMAND",
      description = "Makes writers quiet before a cut, for example 'fsfreeze -f /mnt'.")
  private Optional<String> quiesce = Optional.empty();

  @Option(
      names = "--resume",
      paramLabel = "COMMAND",
      description = "Lets them go on after it, for example 'fsfreeze -u /mnt'.")
  private Optional<String> resume = Optional.empty();

  @Option(
      names = "--bandwidth",
      paramLabel = "RATE",
      defaultValue = "unlimited",
      converter = ByteRate.Converter.class,
      description = "At most so many bytes per second, as in 100M.")
  private ByteRate bandwidth;

  @Option(
      names = "--cpu",
      paramLabel = "SHARE",
      defaultValue = "1",
      description =
          "At most this share of one core, as in 0.25; all threads count, waiting does not.")
  private double cpu;

  @Option(
      names = "--early",
      paramLabel = "WHEN",
      defaultValue = "auto",
      converter = EarlyWord.class,
      description =
          "Send what has changed and seems settled before the cut it belongs to: on, off, or auto,"
              + " as long as it earns something. ${DEFAULT-VALUE} if not given.")
  private Early early;

  @Option(
      names = "--work",
      paramLabel = "DIR",
      description = "Where the last cut is kept meanwhile: room for the image's changed parts.")
  private Path work = Path.of(System.getProperty("java.io.tmpdir", "/tmp"));

  @Option(
      names = "--epochs",
      paramLabel = "N",
      description = "Stop after so many were acked; never if not given.")
  private long epochs = Long.MAX_VALUE;

  @SuppressWarnings("NullAway.Init") // picocli sets the fields before it runs anything
  SendCommand() {}

  @Override
  public Integer call() throws IOException, InterruptedException {
    String receiver = carrier.name("--to", to);
    if (!(cpu > 0 && cpu <= 1)) {
      throw new BadInputException("--cpu", "is %s; expected more than 0, to 1".formatted(cpu), "");
    }
    PrintWriter err = spec.commandLine().getErr();
    QuietHook hook =
        quiesce
            .<QuietHook>map(command -> new CommandHook(command, resume, err))
            .orElse(QuietHook.NONE);
    var secret = key.read();
    MeterRegistry registry = metrics.serve();
    StageMeters meters = stages(registry);
    try (LiveFiles source = LiveFiles.open(files, RegionKind.DISK, hook);
        ScratchFile scratch = ScratchFile.in(work)) {
      CopyReadiness readiness = new CopyReadiness(source.layout(), epoch, registry);
      try (RouteLink link = carrier.sender(to, secret, registry, err, readiness::over);
          SendReport report =
              new SendReport(
                  receiver,
                  source.layout(),
                  readiness,
                  spec.commandLine().getOut(),
                  err,
                  Progress.on(err))) {
        CutTaker taker =
            new CutTaker(
                source,
                scratch.pages(source.layout()),
                scratch,
                CutSettings.DEFAULT,
                InstantSource.system());
        SyncSender sender =
            new SyncSender(
                name(),
                taker,
                meters.around(Wire.coding(bandwidth.bytesPerSecond(), cpu)),
                meters.around(link),
                secret,
                SenderSettings.every(epoch).within(bandwidth.bytesPerSecond()).with(early),
                new Pace(bandwidth.bytesPerSecond(), cpu, Wire.processCpu()),
                new SecureRandom(),
                InstantSource.system(),
                meters.around(report));
        report.stopAfter(epochs, sender);
        sender.run();
      }
    } catch (InternalError e) {
      // What a mapped file throws when it ends earlier than it did.
      throw new BadInputException(
          files.toString(), "became shorter while it was read", "An image must keep its size.", e);
    }
    return ExitCode.OK;
  }

  private static StageMeters stages(MeterRegistry registry) {
    return new StageMeters(
        registry, System::nanoTime, Stage.SOURCE, Stage.ENCODE, Stage.SHARD, Stage.ACK);
  }

  private VmId name() {
    String name = vm.orElseGet(() -> String.valueOf(files.getFirst().getFileName()));
    try {
      return VmId.of(name);
    } catch (IllegalArgumentException e) {
      throw new BadInputException("--vm", String.valueOf(e.getMessage()), "Give it a name.", e);
    }
  }
}
