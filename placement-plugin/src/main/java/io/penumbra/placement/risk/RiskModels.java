package io.penumbra.placement.risk;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/** Opens and saves risk models; a file that is not right is a reason with advice, never a crash. */
public final class RiskModels {

  /** Far above any model we make; a larger file is something else. */
  private static final long FILE_BYTES_MAX = 256L << 20;

  private RiskModels() {}

  /** What came of opening a model. */
  public sealed interface Opened {

    /** The model, or going on without, as placement takes it. */
    RiskSource source();
  }

  /** A model that has passed every check; whoever holds it closes it. */
  public record Loaded(XgBoostRiskModel model) implements Opened {
    @Override
    public RiskSource source() {
      return new RiskSource.Scored(model);
    }
  }

  /**
   * No model.
   *
   * @param reason what is wrong, with the file and the values
   * @param advice what to do about it
   */
  public record Unusable(String reason, String advice) implements Opened {
    @Override
    public RiskSource source() {
      return new RiskSource.NoRisk(reason, advice);
    }
  }

  /** Opens a model file with the usual way of explaining. */
  public static Opened load(Path file) {
    return load(file, Explaining.USUAL);
  }

  /** Opens a model file and checks all of it. */
  public static Opened load(Path file, Explaining explaining) {
    try {
      return new Loaded(open(ModelFile.read(readAll(file)), explaining));
    } catch (UnusableModelException e) {
      return new Unusable("risk model %s: %s".formatted(file, e.reason()), e.advice());
    }
  }

  /** Opens what {@link RiskTraining} has just made, without a file in between. */
  public static Opened open(RiskTraining.Trained trained, Explaining explaining) {
    try {
      return new Loaded(open(trained.file(), explaining));
    } catch (UnusableModelException e) {
      return new Unusable("the risk model just trained: " + e.reason(), e.advice());
    }
  }

  /**
   * Writes a model beside its place, then moves it there in one step: whoever reads the place sees
   * the old model or the new one, never half of one.
   *
   * @throws UncheckedIOException when the file system refuses; nothing is left behind then
   */
  public static void save(RiskTraining.Trained trained, Path file) {
    Path target = file.toAbsolutePath();
    Path part = target.resolveSibling(target.getFileName() + ".part");
    try {
      try {
        Files.createDirectories(target.getParent() == null ? target : target.getParent());
        write(part, trained.file().bytes());
        move(part, target);
      } finally {
        Files.deleteIfExists(part);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(
          "risk model %s could not be written: %s".formatted(file, e), e);
    }
  }

  private static void write(Path file, byte[] bytes) throws IOException {
    try (FileChannel out =
        FileChannel.open(
            file,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE)) {
      ByteBuffer left = ByteBuffer.wrap(bytes);
      while (left.hasRemaining()) {
        out.write(left);
      }
      out.force(true);
    }
  }

  private static void move(Path part, Path target) throws IOException {
    try {
      Files.move(part, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (AtomicMoveNotSupportedException e) {
      Files.move(part, target, StandardCopyOption.REPLACE_EXISTING);
    }
  }

  private static byte[] readAll(Path file) throws UnusableModelException {
    if (!Files.exists(file)) {
      throw new UnusableModelException(
          "there is no such file", "train one: ./penumbra train --out %s".formatted(file));
    }
    if (!Files.isRegularFile(file)) {
      throw new UnusableModelException(
          "it is not a file", "give the file that ./penumbra train --out wrote");
    }
    try {
      long size = Files.size(file);
      if (size > FILE_BYTES_MAX) {
        throw new UnusableModelException(
            "it has %d bytes; no model has more than %d".formatted(size, FILE_BYTES_MAX));
      }
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw new UnusableModelException("it cannot be read: " + e, "check its permissions");
    }
  }

  private static XgBoostRiskModel open(ModelFile file, Explaining explaining)
      throws UnusableModelException {
    checkFeatures(file.card());
    checkVersion(file.card().xgboostVersion());
    return XgBoostRiskModel.open(file, explaining);
  }

  private static void checkFeatures(ModelCard card) throws UnusableModelException {
    var expected = new FeatureList(card.firmwares()).names();
    var found = card.features();
    for (int i = 0; i < Math.min(expected.size(), found.size()); i++) {
      if (!expected.get(i).equals(found.get(i))) {
        throw new UnusableModelException(
            "its feature %d is '%s' where this build has '%s'"
                .formatted(i + 1, found.get(i), expected.get(i)));
      }
    }
    if (expected.size() != found.size()) {
      throw new UnusableModelException(
          "it has %d features where this build has %d".formatted(found.size(), expected.size()));
    }
  }

  private static void checkVersion(String made) throws UnusableModelException {
    int ours = major(NativeXgBoost.version());
    int theirs = major(made);
    if (theirs < 0 || theirs > ours) {
      throw new UnusableModelException(
          "it was made by XGBoost '%s', this build has %s"
              .formatted(made, NativeXgBoost.version()));
    }
  }

  private static int major(String version) {
    int dot = version.indexOf('.');
    String major = dot < 0 ? version : version.substring(0, dot);
    return major.matches("\\d{1,4}") ? Integer.parseInt(major) : -1;
  }
}
