package io.penumbra.adapter.traffic.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.adapter.traffic.dns.DnsZone;
import io.penumbra.adapter.traffic.dns.TsigKey;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;
import org.xbill.DNS.SimpleResolver;
import org.xbill.DNS.Type;

/**
 * Two real name servers of one zone: BIND takes updates and tells Knot, which is the secondary. Two
 * makers, so that nothing rests on the habits of one.
 */
public final class NameServers implements AutoCloseable {

  /** A key for this test and nothing else. */
  public static final String SECRET = "cGVudW1icmEtdGVzdC1rZXktb2YtMzItYnl0ZXMhISE=";

  private static final Duration PATIENCE = Duration.ofSeconds(90);

  private final Path directory;
  private final int primary = LocalServer.freePort();
  private final int secondary = LocalServer.freePort();
  private final LocalServer bind;
  private final LocalServer knot;

  public NameServers(Path directory) throws Exception {
    this.directory = directory;
    String named = LocalServer.require("named", "bind9");
    String knotd = LocalServer.require("knotd", "knot");
    for (String place : List.of("run", "db", "knot")) {
      Files.createDirectories(directory.resolve(place));
    }
    write("tsig.key", key(SECRET));
    write("named.conf", namedConf());
    write("apps.zone", zone());
    write("knot.conf", knotConf());
    bind =
        LocalServer.start(
                directory,
                "named",
                List.of(named, "-g", "-n", "1", "-c", directory + "/named.conf"))
            .listensAt(primary);
    hasTheZone(primary);
    knot =
        LocalServer.start(directory, "knotd", List.of(knotd, "-c", directory + "/knot.conf"))
            .listensAt(secondary);
    hasTheZone(secondary);
  }

  /** A name server listens before it has read its zone, or has got it from the primary. */
  private static void hasTheZone(int port) throws Exception {
    SimpleResolver there =
        new SimpleResolver(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
    there.setTimeout(Duration.ofSeconds(1));
    Message question =
        Message.newQuery(Record.newRecord(Name.fromString("apps.example."), Type.SOA, DClass.IN));
    for (long deadline = System.nanoTime() + PATIENCE.toNanos(); ; Thread.sleep(5)) {
      try {
        if (there.send(question).getHeader().getFlag(Flags.AA)) {
          return;
        }
      } catch (IOException e) {
        // It has not answered yet.
      }
      assertThat(System.nanoTime()).as("port %d has no zone", port).isLessThan(deadline);
    }
  }

  private void write(String name, String text) throws Exception {
    Files.writeString(directory.resolve(name), text.replace("DIR", directory.toString()));
  }

  private static String key(String secret) {
    return "key \"penumbra\" {\n\talgorithm hmac-sha256;\n\tsecret \"%s\";\n};\n".formatted(secret);
  }

  private String namedConf() {
    return """
    include "DIR/tsig.key";
    options {
      directory "DIR"; pid-file none; session-keyfile none; recursion no; dnssec-validation no;
      listen-on port %d { 127.0.0.1; }; listen-on-v6 { none; }; notify explicit; notify-rate 1000;
    };
    controls { };
    zone "apps.example" {
      type primary; file "apps.zone"; allow-transfer { 127.0.0.1; };
      update-policy { grant penumbra zonesub A AAAA; };
      also-notify { 127.0.0.1 port %d; }; notify-delay 0;
    };
    """
        .formatted(primary, secondary);
  }

  private static String zone() {
    return """
    $TTL 300
    @ IN SOA ns1 admin 1 3600 600 86400 60
    @ IN NS ns1
    @ IN NS ns2
    ns1 IN A 127.0.0.1
    ns2 IN A 127.0.0.1
    redis 300 IN A 10.0.0.1
    redis 300 IN AAAA fd00::1
    web 600 IN A 10.0.0.1
    """;
  }

  private String knotConf() {
    return """
    server:
        rundir: DIR/run
        listen: 127.0.0.1@%d
        udp-workers: 1
        tcp-workers: 1
        background-workers: 1
    log:
      - target: stderr
        any: info
    database:
        storage: DIR/db
        journal-db-max-size: 64M
    remote:
      - id: primary
        address: 127.0.0.1@%d
    acl:
      - id: notify
        address: 127.0.0.1
        action: notify
    zone:
      - domain: apps.example
        storage: DIR/knot
        master: primary
        acl: notify
    """
        .formatted(secondary, primary);
  }

  public TsigKey key() {
    return TsigKey.read(directory.resolve("tsig.key"));
  }

  public DnsZone zone(TsigKey key) {
    return new DnsZone(
        "apps.example",
        new InetSocketAddress(InetAddress.getLoopbackAddress(), primary),
        List.of(new InetSocketAddress(InetAddress.getLoopbackAddress(), secondary)),
        Optional.of(key),
        Duration.ofSeconds(20),
        PATIENCE);
  }

  public LocalServer bind() {
    return bind;
  }

  public LocalServer knot() {
    return knot;
  }

  @Override
  public void close() {
    bind.close();
    knot.close();
  }
}
