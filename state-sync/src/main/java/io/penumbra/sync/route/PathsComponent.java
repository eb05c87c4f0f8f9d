package io.penumbra.sync.route;

import java.util.Map;
import java.util.TreeMap;
import org.apache.camel.Endpoint;
import org.apache.camel.support.DefaultComponent;

/** Makes {@code paths:NAME} an endpoint: the several network paths to one other host. */
public final class PathsComponent extends DefaultComponent {

  /** Its scheme in endpoint URIs. */
  public static final String SCHEME = "paths";

  private final Map<String, LinkOpener> links;

  /**
   * A component that knows these links by name.
   *
   * @param links in the order of their names
   */
  public PathsComponent(Map<String, LinkOpener> links) {
    this.links = new TreeMap<>(links);
  }

  @Override
  protected Endpoint createEndpoint(String uri, String remaining, Map<String, Object> parameters) {
    LinkOpener opener = links.get(remaining);
    if (opener == null) {
      throw new IllegalArgumentException(
          "no link '%s' for %s; there are %s".formatted(remaining, uri, links.keySet()));
    }
    return new PathsEndpoint(uri, this, opener);
  }
}
