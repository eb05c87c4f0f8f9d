package io.penumbra.web;

import io.penumbra.domain.BadInputException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;

/**
 * What a host shows and whom it trusts, as PEM files (RFC 7468): a certificate with its chain, its
 * key as PKCS #8, the certificates of those who may sign others'.
 *
 * @param certificate its own first, then who signed it
 * @param key unencrypted; only this user should be able to read it
 * @param authority who must have signed what others show; the JDK's own list without it
 */
public record PemFiles(Path certificate, Path key, Optional<Path> authority) {

  private static final char[] UNUSED = "unused".toCharArray();

  /**
   * For listening and for calling alike.
   *
   * @throws BadInputException if a file can't be read or is none of these, naming it
   */
  public SSLContext context() {
    try {
      SSLContext context = SSLContext.getInstance("TLS");
      KeyManagerFactory keys =
          KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
      keys.init(own(), UNUSED);
      context.init(keys.getKeyManagers(), trusted(), null);
      return context;
    } catch (GeneralSecurityException e) {
      throw new BadInputException(
          certificate.toString(), "can't be used for TLS: " + e.getMessage(), "", e);
    }
  }

  private KeyStore own() throws GeneralSecurityException {
    KeyStore store = empty();
    store.setKeyEntry(
        "own", privateKey(), UNUSED, certificates(certificate).toArray(Certificate[]::new));
    return store;
  }

  private TrustManager[] trusted() throws GeneralSecurityException {
    TrustManagerFactory trust =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    if (authority.isPresent()) {
      KeyStore store = empty();
      int number = 0;
      for (Certificate signer : certificates(authority.get())) {
        store.setCertificateEntry("authority-" + number++, signer);
      }
      trust.init(store);
    } else {
      trust.init(everybody());
    }
    return trust.getTrustManagers();
  }

  // The JDK's own list is asked for with null, which KeyStore's stubs don't allow.
  @SuppressWarnings("NullAway")
  private static KeyStore everybody() {
    return null;
  }

  private static KeyStore empty() throws GeneralSecurityException {
    KeyStore store = KeyStore.getInstance("PKCS12");
    try {
      store.load(null, UNUSED);
    } catch (IOException e) {
      throw new IllegalStateException("nothing was read", e);
    }
    return store;
  }

  private static Collection<? extends Certificate> certificates(Path file)
      throws GeneralSecurityException {
    Collection<? extends Certificate> found =
        CertificateFactory.getInstance("X.509")
            .generateCertificates(new ByteArrayInputStream(read(file)));
    if (found.isEmpty()) {
      throw new BadInputException(
          file.toString(), "has no certificate", "expected -----BEGIN CERTIFICATE-----");
    }
    return found;
  }

  private PrivateKey privateKey() throws GeneralSecurityException {
    String text = new String(read(key), StandardCharsets.US_ASCII);
    String begin = "-----BEGIN PRIVATE KEY-----";
    int from = text.indexOf(begin);
    int to = text.indexOf("-----END PRIVATE KEY-----");
    if (from < 0 || to < from) {
      throw new BadInputException(
          key.toString(),
          "has no unencrypted PKCS #8 key",
          "expected -----BEGIN PRIVATE KEY-----; make one with openssl pkcs8 -topk8 -nocrypt");
    }
    byte[] bytes = Base64.getMimeDecoder().decode(text.substring(from + begin.length(), to));
    for (String algorithm : List.of("EC", "RSA", "EdDSA")) {
      try {
        return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(bytes));
      } catch (GeneralSecurityException another) {
        // It says of what kind it is only to whoever tries.
      }
    }
    throw new BadInputException(key.toString(), "is neither an EC, RSA nor EdDSA key", "");
  }

  private static byte[] read(Path file) {
    try {
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw new BadInputException(file.toString(), "can't be read: " + e.getMessage(), "", e);
    }
  }
}
