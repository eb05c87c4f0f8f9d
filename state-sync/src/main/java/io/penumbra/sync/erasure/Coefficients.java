package io.penumbra.sync.erasure;

/** A matrix over GF(2^8): each row says how one output is summed up from all inputs. */
final class Coefficients {

  private final int rows;
  private final int columns;

  /** Row after row, each 0..255. */
  private final int[] values;

  Coefficients(int rows, int columns, int[] values) {
    if (values.length != rows * columns) {
      throw new IllegalArgumentException(
          "%d x %d coefficients need %d values, not %d"
              .formatted(rows, columns, rows * columns, values.length));
    }
    this.rows = rows;
    this.columns = columns;
    this.values = values.clone();
  }

  int rows() {
    return rows;
  }

  int columns() {
    return columns;
  }

  /**
   * Parity of a systematic code from a Cauchy matrix, 1 / (x_i + y_j) with all x and y different;
   * every square part of such a matrix can be inverted, so any lost shards can be solved for.
   * Columns are divided by their first element: that keeps this property and makes the first parity
   * shard a plain XOR. (Blömer et al., An XOR-based erasure-resilient coding scheme, 1995.)
   */
  static Coefficients cauchy(CodeShape shape) {
    int[] values = new int[shape.parity() * shape.data()];
    for (int row = 0; row < shape.parity(); row++) {
      for (int column = 0; column < shape.data(); column++) {
        // The parity shards' points come first, so that they do not depend on how many there are.
        int first = CodeShape.SHARDS_MAX ^ column;
        int point = (CodeShape.SHARDS_MAX - row) ^ column;
        values[row * shape.data() + column] = GaloisField.divide(first, point);
      }
    }
    return new Coefficients(shape.parity(), shape.data(), values);
  }

  int at(int row, int column) {
    return values[row * columns + column];
  }

  /** The rows from one on, as many as asked for. */
  Coefficients rows(int from, int count) {
    int[] part = new int[count * columns];
    System.arraycopy(values, from * columns, part, 0, part.length);
    return new Coefficients(count, columns, part);
  }

  /** The inverse of a square matrix, by Gauss and Jordan. */
  Coefficients inverted() {
    int[] left = values.clone();
    int[] right = new int[values.length];
    for (int i = 0; i < rows; i++) {
      right[i * columns + i] = 1;
    }
    for (int pivot = 0; pivot < rows; pivot++) {
      exchange(left, right, pivot, rowWithPivot(left, pivot));
      int scale = GaloisField.inverse(left[pivot * columns + pivot]);
      multiplyRow(left, pivot, scale);
      multiplyRow(right, pivot, scale);
      for (int row = 0; row < rows; row++) {
        int factor = left[row * columns + pivot];
        if (row != pivot && factor != 0) {
          addRow(left, row, pivot, factor);
          addRow(right, row, pivot, factor);
        }
      }
    }
    return new Coefficients(rows, columns, right);
  }

  private int rowWithPivot(int[] matrix, int pivot) {
    for (int row = pivot; row < rows; row++) {
      if (matrix[row * columns + pivot] != 0) {
        return row;
      }
    }
    throw new ArithmeticException("a part of a Cauchy matrix was singular at row " + pivot);
  }

  private void exchange(int[] left, int[] right, int a, int b) {
    for (int column = 0; column < columns && a != b; column++) {
      swap(left, a * columns + column, b * columns + column);
      swap(right, a * columns + column, b * columns + column);
    }
  }

  private static void swap(int[] matrix, int a, int b) {
    int kept = matrix[a];
    matrix[a] = matrix[b];
    matrix[b] = kept;
  }

  private void multiplyRow(int[] matrix, int row, int factor) {
    for (int column = 0; column < columns; column++) {
      int at = row * columns + column;
      matrix[at] = GaloisField.multiply(matrix[at], factor);
    }
  }

  private void addRow(int[] matrix, int to, int from, int factor) {
    for (int column = 0; column < columns; column++) {
      matrix[to * columns + column] ^=
          GaloisField.multiply(matrix[from * columns + column], factor);
    }
  }
}
