package io.penumbra.web;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * A way in.
 *
 * @param method GET, PUT, POST, DELETE
 * @param template {@code /v1/vms/{vm}}
 * @param open whether it needs no token: health and metrics
 */
public record Route(String method, String template, boolean open, Handler handler) {

  /** Does what is asked; may block, for it has a virtual thread of its own. */
  @FunctionalInterface
  public interface Handler {
    Answer handle(Call call) throws InterruptedException;
  }

  public static Route get(String template, Handler handler) {
    return new Route("GET", template, false, handler);
  }

  public static Route put(String template, Handler handler) {
    return new Route("PUT", template, false, handler);
  }

  public static Route post(String template, Handler handler) {
    return new Route("POST", template, false, handler);
  }

  public static Route delete(String template, Handler handler) {
    return new Route("DELETE", template, false, handler);
  }

  /** The same for everybody. */
  public Route withoutToken() {
    return new Route(method, template, true, handler);
  }

  /** Of a stranger nothing is read but what he asks for. */
  boolean takesBody() {
    return !open && (method.equals("PUT") || method.equals("POST"));
  }

  /** What stands for each {@code {name}}, if the path is of this shape. */
  Optional<Map<String, String>> match(String[] path) {
    String[] shape = template.split("/", -1);
    if (shape.length != path.length) {
      return Optional.empty();
    }
    Map<String, String> found = new HashMap<>();
    for (int i = 0; i < shape.length; i++) {
      if (shape[i].startsWith("{") && !path[i].isEmpty()) {
        found.put(shape[i].substring(1, shape[i].length() - 1), path[i]);
      } else if (!shape[i].equals(path[i])) {
        return Optional.empty();
      }
    }
    return Optional.of(found);
  }
}
