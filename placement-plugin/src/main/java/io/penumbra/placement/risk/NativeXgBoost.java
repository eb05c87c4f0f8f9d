package io.penumbra.placement.risk;

import java.io.IOException;
import java.io.InputStream;
import java.util.Properties;
import ml.dmlc.xgboost4j.java.Booster;
import ml.dmlc.xgboost4j.java.DMatrix;
import ml.dmlc.xgboost4j.java.XGBoost;
import ml.dmlc.xgboost4j.java.XGBoostError;

/**
 * The border to XGBoost's native library: loads it, and turns whatever goes wrong there into a
 * reason and an advice.
 */
final class NativeXgBoost {

  private NativeXgBoost() {}

  /** A call into XGBoost. */
  @FunctionalInterface
  interface Call<T> {
    T run() throws XGBoostError;
  }

  /** Calls XGBoost; a library that cannot be loaded is a reason, not a crash. */
  static <T> T call(Call<T> call) throws UnusableModelException {
    try {
      return call.run();
    } catch (XGBoostError e) {
      throw new UnusableModelException("XGBoost refuses it: " + firstLine(e), e);
    } catch (LinkageError e) {
      // The first failure is an ExceptionInInitializerError, every later one a
      // NoClassDefFoundError.
      throw cannotLoad(e);
    }
  }

  static UnusableModelException cannotLoad(Throwable failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (String.valueOf(cause.getMessage()).contains("libgomp")) {
        return new UnusableModelException(
            "XGBoost's native library needs libgomp.so.1, which is not on this machine",
            "apt-get install libgomp1 (Debian, Ubuntu) or dnf install libgomp (Fedora, RHEL)");
      }
    }
    Throwable root = failure;
    for (Throwable cause = root.getCause(); cause != null; cause = cause.getCause()) {
      root = cause;
    }
    return new UnusableModelException(
        "XGBoost's native library cannot be loaded: " + firstLine(root),
        "it runs on Linux, macOS and Windows, x86-64 or (not Windows) ARM; "
            + "check libgomp1 and that %s can be written and executed from"
                .formatted(System.getProperty("java.io.tmpdir")));
  }

  private static String firstLine(Throwable e) {
    return String.valueOf(e.getMessage()).lines().findFirst().orElse(e.getClass().getSimpleName());
  }

  /** The version on the class path, such as 3.0.4. */
  static String version() {
    try (InputStream in = XGBoost.class.getResourceAsStream("/xgboost4j-version.properties")) {
      Properties properties = new Properties();
      if (in != null) {
        properties.load(in);
      }
      return properties.getProperty("version", "unknown");
    } catch (IOException e) {
      throw new IllegalStateException("xgboost4j's jar cannot be read", e);
    }
  }

  /** Reads trees; the caller disposes them. */
  static Booster load(byte[] trees) throws XGBoostError {
    try {
      Booster booster = XGBoost.loadModel(trees);
      // More threads wait for each other: on busy cores, training with two took 40 times as long.
      booster.setParam("nthread", 1);
      return booster;
    } catch (IOException e) {
      throw new IllegalStateException("an array in memory cannot fail to be read", e);
    }
  }

  /** Margins (log-odds before calibration), one per row. */
  static float[] margins(Booster booster, float[] rows, int count, int width) throws XGBoostError {
    return firstColumn(ask(rows, count, width, matrix -> booster.predict(matrix, true)));
  }

  /** SHAP contributions per row, one per feature and the bias last; a row sums to its margin. */
  static float[][] contributions(Booster booster, float[] rows, int count, int width)
      throws XGBoostError {
    return ask(rows, count, width, matrix -> booster.predictContrib(matrix, 0));
  }

  /** A question about a matrix. */
  @FunctionalInterface
  private interface Question {
    float[][] of(DMatrix matrix) throws XGBoostError;
  }

  /**
   * Asks about rows. XGBoost keeps the predictions of a matrix it has seen and answers from there,
   * so the matrix is always a new one; and always disposed: the collector does not see how much
   * memory hangs on it, and would not come.
   */
  private static float[][] ask(float[] rows, int count, int width, Question question)
      throws XGBoostError {
    DMatrix matrix = new DMatrix(rows, count, width, Float.NaN);
    try {
      return question.of(matrix);
    } finally {
      matrix.dispose();
    }
  }

  private static float[] firstColumn(float[][] table) {
    float[] column = new float[table.length];
    for (int i = 0; i < column.length; i++) {
      column[i] = table[i][0];
    }
    return column;
  }
}
