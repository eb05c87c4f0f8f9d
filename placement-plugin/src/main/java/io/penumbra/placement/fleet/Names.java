package io.penumbra.placement.fleet;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Small ids for names, in the order in which the names were first seen. */
final class Names {

  // Looked up, never iterated.
  private final Map<String, Integer> ids = new HashMap<>();
  private final List<String> names = new ArrayList<>();

  int idOf(String name) {
    Integer known = ids.get(name);
    if (known != null) {
      return known;
    }
    int id = names.size();
    ids.put(name, id);
    names.add(name);
    return id;
  }

  /** The id of a name that may never have been seen, else {@code unknown}. */
  int idOr(String name, int unknown) {
    return ids.getOrDefault(name, unknown);
  }

  int size() {
    return names.size();
  }
}
