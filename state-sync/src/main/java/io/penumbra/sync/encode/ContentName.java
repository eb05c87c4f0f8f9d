package io.penumbra.sync.encode;

import io.penumbra.sync.epoch.PageSize;
import io.penumbra.sync.epoch.PageView;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;

/** A page's content by its SHA-256, so that nobody can make another page of the same name. */
final class ContentName {

  static final int BYTES = 32;

  private final byte[] bytes;

  private ContentName(byte[] bytes) {
    this.bytes = bytes;
  }

  static ContentName of(PageView view, int page) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update(view.segment(page).asSlice(view.offset(page), PageSize.BYTES).asByteBuffer());
      return new ContentName(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  static ContentName read(byte[] from, int at) {
    return new ContentName(Arrays.copyOfRange(from, at, at + BYTES));
  }

  byte[] bytes() {
    return bytes;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof ContentName name && Arrays.equals(bytes, name.bytes);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(bytes);
  }
}
