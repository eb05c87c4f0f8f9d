package io.penumbra.placement.spi;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.ServiceLoader;
import java.util.function.Function;

/**
 * All filters and weighers that take part, each list ordered by name: scores are summed in that
 * order, host weighers first, then request weighers, then pair weighers.
 */
public record Catalogue(
    List<HostFilter> filters,
    List<HostWeigher> hostWeighers,
    List<RequestWeigher> requestWeighers,
    List<PairWeigher> pairWeighers) {

  public Catalogue {
    filters = ordered("filter", filters, HostFilter::name);
    hostWeighers = ordered("weigher", hostWeighers, HostWeigher::name);
    requestWeighers = ordered("weigher", requestWeighers, RequestWeigher::name);
    pairWeighers = ordered("pair weigher", pairWeighers, PairWeigher::name);
    List<String> both = new ArrayList<>(hostWeighers.stream().map(HostWeigher::name).toList());
    both.addAll(requestWeighers.stream().map(RequestWeigher::name).toList());
    ordered("weigher", both, Function.identity());
  }

  /** Everything on the class path. */
  public static Catalogue load() {
    return new Catalogue(
        found(HostFilter.class),
        found(HostWeigher.class),
        found(RequestWeigher.class),
        found(PairWeigher.class));
  }

  private static <T> List<T> found(Class<T> service) {
    return ServiceLoader.load(service, service.getClassLoader()).stream()
        .map(ServiceLoader.Provider::get)
        .toList();
  }

  private static <T> List<T> ordered(String what, List<T> given, Function<T, String> name) {
    List<T> sorted = given.stream().sorted(Comparator.comparing(name)).toList();
    for (int i = 1; i < sorted.size(); i++) {
      if (name.apply(sorted.get(i)).equals(name.apply(sorted.get(i - 1)))) {
        throw new IllegalArgumentException(
            "two %ss are called '%s': %s and %s; names must be unique"
                .formatted(
                    what,
                    name.apply(sorted.get(i)),
                    sorted.get(i - 1).getClass().getName(),
                    sorted.get(i).getClass().getName()));
      }
    }
    return sorted;
  }
}
