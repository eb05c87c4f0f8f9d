package io.penumbra.placement.risk;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A model as one file: a line that says what it is and carries lengths and checksum, then the card
 * as JSON, then the trees in XGBoost's own JSON. All of it is text, so {@code head} shows what a
 * model was made of.
 */
final class ModelFile {

  static final int FORMAT = 1;

  private static final String MAGIC = "penumbra-risk-model";
  private static final Pattern HEADER =
      Pattern.compile(
          MAGIC + " format=(\\d{1,9}) card=(\\d{1,9}) trees=(\\d{1,9}) sha256=([0-9a-f]{64})");

  /** No header is longer. */
  private static final int HEADER_BYTES_MAX = 200;

  private static final ObjectMapper JSON =
      new ObjectMapper()
          .enable(SerializationFeature.INDENT_OUTPUT)
          .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES);

  private final ModelCard card;
  private final byte[] trees;
  private final String checksum;
  private final byte[] bytes;

  private ModelFile(ModelCard card, byte[] trees, String checksum, byte[] bytes) {
    this.card = card;
    this.trees = trees;
    this.checksum = checksum;
    this.bytes = bytes;
  }

  static ModelFile of(ModelCard card, byte[] trees) {
    byte[] cardBytes;
    try {
      cardBytes = JSON.writeValueAsBytes(card);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a model card could not be written as JSON: " + card, e);
    }
    byte[] bytes = assemble(cardBytes, trees);
    return new ModelFile(card, trees, sha256(cardBytes, trees), bytes);
  }

  /** The file around a card and trees, whatever they are. */
  static byte[] assemble(byte[] card, byte[] trees) {
    byte[] header =
        "%s format=%d card=%d trees=%d sha256=%s\n"
            .formatted(MAGIC, FORMAT, card.length, trees.length, sha256(card, trees))
            .getBytes(StandardCharsets.US_ASCII);
    byte[] bytes = Arrays.copyOf(header, header.length + card.length + trees.length);
    System.arraycopy(card, 0, bytes, header.length, card.length);
    System.arraycopy(trees, 0, bytes, header.length + card.length, trees.length);
    return bytes;
  }

  static ModelFile read(byte[] bytes) throws UnusableModelException {
    int headerEnd = headerEnd(bytes);
    String header = new String(bytes, 0, headerEnd, StandardCharsets.US_ASCII);
    Matcher parts = HEADER.matcher(header);
    checkHeader(header, parts);
    int cardLength = Integer.parseInt(parts.group(2));
    int treesLength = Integer.parseInt(parts.group(3));
    long expected = headerEnd + 1L + cardLength + treesLength;
    if (bytes.length != expected) {
      throw new UnusableModelException(
          "it has %d bytes where its first line promises %d; it was %s"
              .formatted(
                  bytes.length, expected, bytes.length < expected ? "cut short" : "added to"));
    }
    byte[] card = Arrays.copyOfRange(bytes, headerEnd + 1, headerEnd + 1 + cardLength);
    byte[] trees = Arrays.copyOfRange(bytes, headerEnd + 1 + cardLength, bytes.length);
    String checksum = sha256(card, trees);
    if (!checksum.equals(parts.group(4))) {
      throw new UnusableModelException(
          "its content has sha256 %s where its first line says %s; it was changed or damaged"
              .formatted(checksum, parts.group(4)));
    }
    return new ModelFile(readCard(card), trees, checksum, bytes);
  }

  private static int headerEnd(byte[] bytes) throws UnusableModelException {
    for (int i = 0; i < Math.min(bytes.length, HEADER_BYTES_MAX); i++) {
      if (bytes[i] == '\n') {
        return i;
      }
    }
    throw notAModel();
  }

  private static void checkHeader(String header, Matcher parts) throws UnusableModelException {
    if (!header.startsWith(MAGIC + " format=")) {
      throw notAModel();
    }
    if (!header.startsWith(MAGIC + " format=" + FORMAT + " ")) {
      throw new UnusableModelException(
          "it begins with '%s'; this build reads format %d".formatted(header, FORMAT),
          "train it again with this build (./penumbra train), or use the build that made it");
    }
    if (!parts.matches()) {
      throw new UnusableModelException("its first line is damaged: '%s'".formatted(header));
    }
  }

  private static UnusableModelException notAModel() {
    return new UnusableModelException(
        "it is not a Penumbra risk model (no line '%s ...' at its beginning)".formatted(MAGIC),
        "give the file that ./penumbra train --out wrote");
  }

  private static ModelCard readCard(byte[] card) throws UnusableModelException {
    try {
      return JSON.readValue(card, ModelCard.class);
    } catch (JsonProcessingException e) {
      throw new UnusableModelException("its card is not right: " + e.getOriginalMessage(), e);
    } catch (IOException e) {
      throw new UnusableModelException("its card could not be read: " + e.getMessage(), e);
    }
  }

  private static String sha256(byte[] card, byte[] trees) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update(card);
      digest.update(trees);
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  ModelCard card() {
    return card;
  }

  byte[] trees() {
    return trees;
  }

  String checksum() {
    return checksum;
  }

  byte[] bytes() {
    return bytes;
  }
}
