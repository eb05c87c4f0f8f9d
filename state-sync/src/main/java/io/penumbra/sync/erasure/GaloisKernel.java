package io.penumbra.sync.erasure;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * The inner loop of the code: sums of inputs, each times a coefficient. All kernels give the same
 * bytes; they differ in speed alone.
 */
public sealed interface GaloisKernel permits ScalarKernel, VectorKernel, IsalKernel {

  /** What it is called in figures and messages. */
  String name();

  /** Makes the matrix ready for use; pays off when it is used for more than one group. */
  Prepared prepare(Coefficients coefficients);

  /** A matrix in the form in which a kernel wants it. Safe for use by many threads. */
  @FunctionalInterface
  interface Prepared {

    /**
     * Computes every output from all inputs.
     *
     * @param inputs native addresses, one per column
     * @param outputs native addresses, one per row, apart from each other and from the inputs
     * @param bytes how many at each address, a multiple of 64
     */
    void combine(long[] inputs, long[] outputs, int bytes);
  }

  /** Every kernel that can run here, fastest first as measured on the project's machines. */
  static List<GaloisKernel> available() {
    List<GaloisKernel> kernels = new ArrayList<>();
    IsalKernel.load().ifPresent(kernels::add);
    if (ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent()) {
      kernels.add(new VectorKernel());
    }
    kernels.add(new ScalarKernel());
    return List.copyOf(kernels);
  }

  /** The kernel to use when nobody asked for one by name. */
  static GaloisKernel best() {
    return available().getFirst();
  }

  /**
   * The kernel of that name, if it can run here: {@code isal}, {@code vector} or {@code scalar}.
   */
  static Optional<GaloisKernel> named(String name) {
    String wanted = name.toLowerCase(Locale.ROOT);
    return available().stream().filter(kernel -> kernel.name().equals(wanted)).findFirst();
  }
}
