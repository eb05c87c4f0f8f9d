package io.penumbra.sync.encode;

/**
 * The old content of pages, as zstd takes it for a dictionary. It starts with zeros, since zstd
 * would take a guest's page for a trained dictionary if it began like one.
 */
final class BulkDictionary {

  private static final int ZEROS = 8;

  private BulkDictionary() {}

  static byte[] of(GrowingBytes pages) {
    byte[] dictionary = new byte[ZEROS + pages.length()];
    System.arraycopy(pages.array(), 0, dictionary, ZEROS, pages.length());
    return dictionary;
  }
}
