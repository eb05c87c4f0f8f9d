package io.penumbra.web;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;

/** Holds an OpenAPI description against the routes that are really there. */
public final class OpenApi {

  private static final Set<String> METHODS = Set.of("get", "put", "post", "delete", "patch");

  private final TreeSet<String> described = new TreeSet<>();

  /** Reads a description in YAML or JSON. */
  public OpenApi(byte[] document) {
    try {
      JsonNode paths = new YAMLMapper().readTree(document).path("paths");
      paths
          .properties()
          .forEach(path ->
              path.getValue().fieldNames().forEachRemaining(method -> add(method, path.getKey())));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void add(String method, String path) {
    if (METHODS.contains(method)) {
      described.add(method.toUpperCase(Locale.ROOT) + " " + path);
    }
  }

  /** What is there and not described, and what is described and not there. */
  public List<String> differences(List<Route> routes) {
    TreeSet<String> there = new TreeSet<>();
    routes.forEach(route -> there.add(route.method() + " " + route.template()));
    TreeSet<String> differences = new TreeSet<>();
    there.stream()
        .filter(route -> !described.contains(route))
        .forEach(route -> differences.add("not described: " + route));
    described.stream()
        .filter(route -> !there.contains(route))
        .forEach(route -> differences.add("not there: " + route));
    return List.copyOf(differences);
  }
}
