package io.penumbra.adapter.qemu.cloud;

import io.penumbra.adapter.qemu.agent.TestHost;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import org.gaul.s3proxy.BlobStores;
import org.gaul.s3proxy.S3Proxy;
import org.gaul.s3proxy.auth.AuthenticationType;

/**
 * An S3 server over a directory: MinIO as a process of its own where its binary is named by
 * PENUMBRA_MINIO, as {@code .ci/run} does, else S3Proxy in this process.
 */
final class S3Server {

  static final String ACCESS = "penumbra-access";
  static final String SECRET = "penumbra-secret";

  private final int port;
  private final Optional<Process> minio;
  private final Optional<S3Proxy> proxy;

  private S3Server(int port, Optional<Process> minio, Optional<S3Proxy> proxy) {
    this.port = port;
    this.minio = minio;
    this.proxy = proxy;
  }

  static S3Server over(Path directory) throws Exception {
    Files.createDirectories(directory);
    String binary = Optional.ofNullable(System.getenv("PENUMBRA_MINIO")).orElse("");
    return binary.isEmpty() ? proxy(directory) : minio(binary, directory);
  }

  private static S3Server proxy(Path directory) throws Exception {
    Properties properties = new Properties();
    properties.setProperty("jclouds.filesystem.basedir", directory.toString());
    S3Proxy started =
        S3Proxy.builder()
            .endpoint(URI.create("http://127.0.0.1:0"))
            .awsAuthentication(AuthenticationType.AWS_V2_OR_V4, ACCESS, SECRET)
            .blobStore(BlobStores.create("filesystem-nio2", properties))
            .build();
    started.start();
    return new S3Server(started.getPort(), Optional.empty(), Optional.of(started));
  }

  private static S3Server minio(String binary, Path directory) throws Exception {
    int port = TestHost.freePort();
    ProcessBuilder builder =
        new ProcessBuilder(
            binary,
            "server",
            "--quiet",
            "--address",
            "127.0.0.1:" + port,
            "--console-address",
            "127.0.0.1:" + TestHost.freePort(),
            directory.resolve("data").toString());
    builder.environment().put("MINIO_ROOT_USER", ACCESS);
    builder.environment().put("MINIO_ROOT_PASSWORD", SECRET);
    builder.environment().put("MINIO_BROWSER", "off");
    builder.environment().put("MINIO_UPDATE", "off");
    builder.redirectErrorStream(true).redirectOutput(directory.resolve("log").toFile());
    S3Server server = new S3Server(port, Optional.of(builder.start()), Optional.empty());
    try {
      server.awaitPort();
      return server;
    } catch (IOException | InterruptedException e) {
      server.stop();
      throw e;
    }
  }

  private void awaitPort() throws IOException, InterruptedException {
    long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(90);
    while (System.nanoTime() < until) {
      try (Socket _ = new Socket(InetAddress.getLoopbackAddress(), port)) {
        // It listens before it is ready; a moment more saves retries.
        Thread.sleep(500);
        return;
      } catch (IOException notYet) {
        Thread.sleep(100);
      }
    }
    throw new IOException("MinIO doesn't listen on port " + port);
  }

  int port() {
    return port;
  }

  String name() {
    return minio.isPresent() ? "MinIO" : "S3Proxy";
  }

  void stop() throws Exception {
    if (proxy.isPresent()) {
      proxy.get().stop();
    }
    if (minio.isPresent()) {
      minio.get().destroy();
      if (!minio.get().waitFor(10, TimeUnit.SECONDS)) {
        minio.get().destroyForcibly();
      }
    }
  }
}
