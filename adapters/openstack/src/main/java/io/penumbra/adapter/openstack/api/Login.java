package io.penumbra.adapter.openstack.api;

import java.net.URI;
import java.time.Duration;

/**
 * Who we are, and how long we wait.
 *
 * @param keystone address of Keystone, with {@code /v3}
 * @param userDomain id of the user's domain
 * @param projectDomain id of the project's domain
 * @param region whose services are used
 * @param connect how long a connection may take to be made
 * @param answer how long a service may take to answer, its whole body included
 * @param lists how long Nova may take to put a list together: it waits a minute for a cell that
 *     hangs, and for some lists twice
 */
public record Login(
    URI keystone,
    String user,
    String password,
    String userDomain,
    String project,
    String projectDomain,
    String region,
    Duration connect,
    Duration answer,
    Duration lists) {

  public Login {
    if (keystone.getUserInfo() != null) {
      throw new IllegalArgumentException(
          "the address of Keystone on %s has a login in it; put it into a file"
              .formatted(keystone.getHost()));
    }
  }

  /** The usual time-outs. */
  public static Login of(
      URI keystone, String user, String password, String domain, String project, String region) {
    return new Login(
        keystone,
        user,
        password,
        domain,
        project,
        domain,
        region,
        Duration.ofSeconds(5),
        Duration.ofSeconds(30),
        Duration.ofSeconds(150));
  }

  /** Without the password. */
  @Override
  public String toString() {
    return "%s of %s at %s".formatted(user, project, keystone);
  }
}
