package io.penumbra.tiers.object;

import java.time.Duration;

/**
 * Where an S3 is and how to get in. Its text never shows the secret.
 *
 * @param endpoint such as {@code https://s3.example.org:9000}
 * @param region empty for whatever the server says
 * @param bucket which is made if it doesn't exist
 * @param prefix put before every key, for example {@code penumbra/}; may be empty
 * @param timeout for one request
 * @param attempts how often a request is made before the place counts as away
 */
public record S3Access(
    String endpoint,
    String region,
    String bucket,
    String prefix,
    String accessKey,
    String secretKey,
    Duration timeout,
    int attempts) {

  @Override
  public String toString() {
    return "%s, bucket %s, prefix '%s'".formatted(endpoint, bucket, prefix);
  }
}
