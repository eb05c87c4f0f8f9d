package io.penumbra.adapter.fencing.redfish;

import io.penumbra.adapter.fencing.redfish.RedfishEndpoint.Authority;
import io.penumbra.adapter.fencing.redfish.RedfishEndpoint.Pinned;
import io.penumbra.adapter.fencing.redfish.RedfishEndpoint.SystemTrust;
import io.penumbra.adapter.fencing.redfish.RedfishEndpoint.Trust;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.file.Files;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.HexFormat;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;

/** TLS that believes exactly whom we were told to believe. */
final class TrustedTls {

  private TrustedTls() {}

  /** Empty for the machine's own trust. */
  static Optional<SSLContext> context(Trust trust) throws GeneralSecurityException, IOException {
    return switch (trust) {
      case SystemTrust() -> Optional.empty();
      case Authority(var pem) -> {
        try (InputStream in = Files.newInputStream(pem)) {
          yield Optional.of(contextOf(managersFor(in)));
        }
      }
      case Pinned(String sha256) ->
          Optional.of(contextOf(new TrustManager[] {new OneCertificate(sha256)}));
    };
  }

  private static TrustManager[] managersFor(InputStream pem)
      throws GeneralSecurityException, IOException {
    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null, null);
    int number = 0;
    for (Certificate one : CertificateFactory.getInstance("X.509").generateCertificates(pem)) {
      store.setCertificateEntry("authority-" + number++, one);
    }
    TrustManagerFactory factory =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    factory.init(store);
    return factory.getTrustManagers();
  }

  private static SSLContext contextOf(TrustManager[] managers) throws GeneralSecurityException {
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, managers, null);
    return context;
  }

  /** The extended kind, because then nobody checks names behind our back: the pin is stricter. */
  private static final class OneCertificate extends X509ExtendedTrustManager {

    private final String sha256;

    OneCertificate(String sha256) {
      this.sha256 = sha256;
    }

    private void check(X509Certificate[] chain) throws CertificateException {
      String found;
      try {
        byte[] digest = MessageDigest.getInstance("SHA-256").digest(chain[0].getEncoded());
        found = HexFormat.of().formatHex(digest);
      } catch (GeneralSecurityException e) {
        throw new CertificateException(e);
      }
      if (!found.equals(sha256)) {
        throw new CertificateException(
            "its certificate is %s, not the one pinned".formatted(found));
      }
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine)
        throws CertificateException {
      check(chain);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket)
        throws CertificateException {
      check(chain);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type)
        throws CertificateException {
      check(chain);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine)
        throws CertificateException {
      throw new CertificateException("nobody is a client of ours");
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket)
        throws CertificateException {
      throw new CertificateException("nobody is a client of ours");
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type)
        throws CertificateException {
      throw new CertificateException("nobody is a client of ours");
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }
}
