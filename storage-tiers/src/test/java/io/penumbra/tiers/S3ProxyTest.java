package io.penumbra.tiers;

import java.net.URI;
import java.util.Properties;
import org.gaul.s3proxy.BlobStores;
import org.gaul.s3proxy.S3Proxy;
import org.gaul.s3proxy.auth.AuthenticationType;
import org.jspecify.annotations.Nullable;

/** The contract on S3Proxy over a directory, in this process. */
final class S3ProxyTest extends S3Contract {

  private @Nullable S3Proxy server;

  @Override
  int startServer() throws Exception {
    Properties properties = new Properties();
    properties.setProperty("jclouds.filesystem.basedir", directory.toString());
    S3Proxy started =
        S3Proxy.builder()
            .endpoint(URI.create("http://127.0.0.1:0"))
            .awsAuthentication(
                AuthenticationType.AWS_V2_OR_V4, "penumbra-access", "penumbra-secret")
            .blobStore(BlobStores.create("filesystem-nio2", properties))
            .build();
    started.start();
    server = started;
    return started.getPort();
  }

  @Override
  void stopServer() throws Exception {
    if (server != null) {
      server.stop();
    }
  }
}
