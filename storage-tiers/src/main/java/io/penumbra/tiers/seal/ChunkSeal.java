package io.penumbra.tiers.seal;

import com.github.luben.zstd.ZstdException;
import io.penumbra.tiers.ChunkId;
import io.penumbra.tiers.ChunkStore;
import io.penumbra.tiers.seal.Opened.Content;
import io.penumbra.tiers.seal.Opened.Damaged;
import io.penumbra.tiers.seal.Opened.KeyMissing;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import java.util.Optional;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.Mac;
import javax.crypto.SecretKey;
import javax.crypto.spec.GCMParameterSpec;

/**
 * Names, compresses and encrypts chunks, and undoes it. A sealed chunk is
 *
 * <pre>
 * version 1 | codec 1 | key number 2 | plain length 4 | nonce 12, if encrypted | body | tag 16, if encrypted
 * </pre>
 *
 * <p>Encryption is AES-256-GCM (NIST SP 800-38D) over header and name, so a sealed chunk can't pass
 * for another. The nonce is a keyed hash of the body: the same body gives the same bytes again, and
 * two bodies share a nonce only by a collision in 96 bits (below 2^-32 for 2^32 chunks under one
 * key), without a source of randomness that could fail silently. The price, that equal chunks look
 * equal, was paid when chunks were named by content.
 *
 * <p>With a key ring, a name is the HMAC-SHA-256 of the content under the naming secret. A bare
 * SHA-256 would let whoever can list a bucket test whether a machine holds a file he knows.
 */
public final class ChunkSeal {

  private static final byte VERSION = 1;
  private static final byte RAW = 0;
  private static final byte ZSTD = 1;
  private static final int HEADER_BYTES = 8;
  private static final int NONCE_BYTES = 12;
  private static final int TAG_BYTES = 16;

  /** What sealing adds to a chunk that doesn't compress, at most. */
  public static final int OVERHEAD_BYTES_MAX = HEADER_BYTES + NONCE_BYTES + TAG_BYTES;

  private final Optional<KeyRing> ring;
  private final Compressor compressor;

  private ChunkSeal(Optional<KeyRing> ring, int level) {
    this.ring = ring;
    this.compressor = new Compressor(level);
  }

  /**
   * Seals without encryption.
   *
   * @param level zstd's, 1 (fast) to 19
   */
  public static ChunkSeal plain(int level) {
    return new ChunkSeal(Optional.empty(), level);
  }

  /** Seals with the ring's active key, and opens with any of its keys. */
  public static ChunkSeal encrypted(KeyRing ring, int level) {
    return new ChunkSeal(Optional.of(ring), level);
  }

  /** Whether what it seals is encrypted. */
  public boolean encrypts() {
    return ring.isPresent();
  }

  /** The number of the key it seals with; 0 for none. */
  public int activeKey() {
    return ring.map(KeyRing::active).orElse(0);
  }

  /** What this content is called. The buffer's position stays where it is. */
  public ChunkId name(ByteBuffer content) {
    return ring.map(keys -> ChunkId.ofDigest(hmac(keys.naming(), content.duplicate())))
        .orElseGet(() -> ChunkId.of(content));
  }

  /** The chunk as it is kept. The buffer's position stays where it is. */
  public ByteBuffer seal(ChunkId id, ByteBuffer content) {
    byte[] plain = bytes(content);
    Optional<byte[]> compressed = compressor.compress(plain);
    byte codec = compressed.isPresent() ? ZSTD : RAW;
    byte[] body = compressed.orElse(plain);
    int key = activeKey();
    ByteBuffer sealed =
        ByteBuffer.allocate(body.length + (key == 0 ? HEADER_BYTES : OVERHEAD_BYTES_MAX));
    sealed.put(VERSION).put(codec).putShort((short) key).putInt(plain.length);
    ring.ifPresentOrElse(keys -> encrypt(keys.writer(), id, sealed, body), () -> sealed.put(body));
    return sealed.flip();
  }

  /** The number of the key that sealed it; 0 for none. */
  public static int keyOf(ByteBuffer sealed) {
    return sealed.remaining() < HEADER_BYTES
        ? 0
        : Short.toUnsignedInt(sealed.getShort(sealed.position() + 2));
  }

  /** The content, checked against its name. The buffer's position stays where it is. */
  public Opened open(ChunkId id, ByteBuffer sealed) {
    ByteBuffer from = sealed.duplicate();
    if (from.remaining() < HEADER_BYTES) {
      return new Damaged("%d bytes; a sealed chunk has more".formatted(from.remaining()));
    }
    ByteBuffer header = from.slice(from.position(), HEADER_BYTES);
    byte version = from.get();
    byte codec = from.get();
    int key = Short.toUnsignedInt(from.getShort());
    int length = from.getInt();
    if (version != VERSION || codec < RAW || codec > ZSTD) {
      return new Damaged("version %d, codec %d; expected 1, 0 or 1".formatted(version, codec));
    }
    if (length < 0 || length > ChunkStore.CHUNK_BYTES_MAX) {
      return new Damaged("says that it has %d bytes".formatted(length));
    }
    try {
      if (key == 0) {
        return check(id, decode(codec, from, length));
      }
      Optional<KeyRing.Key> found = ring.flatMap(keys -> keys.find(key));
      if (found.isEmpty()) {
        return new KeyMissing(key);
      }
      // The tag covers body, header and name: to hash the content as well would tell nothing new.
      ByteBuffer body = ByteBuffer.wrap(decrypt(found.get(), id, header, from));
      return new Content(ByteBuffer.wrap(decode(codec, body, length)).asReadOnlyBuffer());
    } catch (AEADBadTagException e) {
      return new Damaged("is not what key %d encrypted".formatted(key));
    } catch (ZstdException e) {
      return new Damaged("does not decompress: " + e.getMessage());
    }
  }

  private Opened check(ChunkId id, byte[] content) {
    // Named while its array can be reached: a read-only buffer is hashed through a small copy.
    ByteBuffer buffer = ByteBuffer.wrap(content);
    ChunkId actual = name(buffer);
    return actual.equals(id)
        ? new Content(buffer.asReadOnlyBuffer())
        : new Damaged("its content is named " + actual);
  }

  private byte[] decode(byte codec, ByteBuffer body, int length) {
    if (codec == RAW) {
      return bytes(body);
    }
    ByteBuffer from = body.hasArray() ? body : ByteBuffer.wrap(bytes(body));
    return compressor.decompress(
        from.array(), from.arrayOffset() + from.position(), from.remaining(), length);
  }

  private static void encrypt(KeyRing.Key key, ChunkId id, ByteBuffer sealed, byte[] body) {
    byte[] nonce = Arrays.copyOf(hmac(key.nonce(), ByteBuffer.wrap(body)), NONCE_BYTES);
    ByteBuffer header = sealed.duplicate().flip();
    sealed.put(nonce);
    try {
      Cipher cipher = cipher(Cipher.ENCRYPT_MODE, key, nonce, id, header);
      cipher.doFinal(ByteBuffer.wrap(body), sealed);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("AES-GCM refuses to encrypt", e);
    }
  }

  private static byte[] decrypt(KeyRing.Key key, ChunkId id, ByteBuffer header, ByteBuffer from)
      throws AEADBadTagException {
    if (from.remaining() < NONCE_BYTES + TAG_BYTES) {
      throw new AEADBadTagException("too short");
    }
    byte[] nonce = new byte[NONCE_BYTES];
    from.get(nonce);
    try {
      Cipher cipher = cipher(Cipher.DECRYPT_MODE, key, nonce, id, header);
      byte[] body = bytes(from);
      return cipher.doFinal(body);
    } catch (AEADBadTagException e) {
      throw e;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("AES-GCM refuses to decrypt", e);
    }
  }

  private static Cipher cipher(
      int mode, KeyRing.Key key, byte[] nonce, ChunkId id, ByteBuffer header)
      throws GeneralSecurityException {
    Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
    cipher.init(mode, key.encryption(), new GCMParameterSpec(8 * TAG_BYTES, nonce));
    cipher.updateAAD(header);
    cipher.updateAAD(id.toBytes());
    return cipher;
  }

  private static byte[] hmac(SecretKey key, ByteBuffer content) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(key);
      mac.update(content);
      return mac.doFinal();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every Java has HmacSHA256", e);
    }
  }

  private static byte[] bytes(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.remaining()];
    buffer.duplicate().get(bytes);
    return bytes;
  }
}
