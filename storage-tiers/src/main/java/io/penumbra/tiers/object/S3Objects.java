package io.penumbra.tiers.object;

import io.minio.BucketExistsArgs;
import io.minio.GetObjectArgs;
import io.minio.GetObjectResponse;
import io.minio.ListObjectsArgs;
import io.minio.MakeBucketArgs;
import io.minio.MinioClient;
import io.minio.PutObjectArgs;
import io.minio.RemoveObjectArgs;
import io.minio.Result;
import io.minio.errors.ErrorResponseException;
import io.minio.errors.MinioException;
import io.minio.messages.Item;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import okhttp3.ConnectionPool;
import okhttp3.OkHttpClient;

/**
 * Objects in any S3, by the MinIO client. A write is one request, so it happens whole or not at
 * all; the condition is {@code If-None-Match: *}, which S3 answers with 412 when there is
 * something.
 */
public final class S3Objects implements ObjectTier {

  private static final long PART_BYTES_MIN = 5 << 20;
  private static final int PRECONDITION_FAILED = 412;
  private static final int RANGE_NOT_SATISFIABLE = 416;
  private static final int CONFLICT = 409;
  private static final Duration PAUSE_FIRST = Duration.ofMillis(50);

  private final MinioClient client;
  private final OkHttpClient http;
  private final S3Access access;

  private S3Objects(MinioClient client, OkHttpClient http, S3Access access) {
    this.client = client;
    this.http = http;
    this.access = access;
  }

  /** Gets ready; nothing is asked of the server yet, which may be away. */
  public static S3Objects of(S3Access access) {
    OkHttpClient http =
        new OkHttpClient.Builder()
            .connectTimeout(access.timeout())
            .readTimeout(access.timeout())
            .writeTimeout(access.timeout())
            .callTimeout(access.timeout())
            .connectionPool(new ConnectionPool())
            .retryOnConnectionFailure(true)
            .build();
    MinioClient.Builder builder =
        MinioClient.builder()
            .endpoint(access.endpoint())
            .credentials(access.accessKey(), access.secretKey())
            .httpClient(http);
    if (!access.region().isEmpty()) {
      builder.region(access.region());
    }
    return new S3Objects(builder.build(), http, access);
  }

  /** Makes the bucket if it isn't there. */
  public Write ensureBucket() {
    return attempt(
        () -> {
          if (!client.bucketExists(BucketExistsArgs.builder().bucket(access.bucket()).build())) {
            client.makeBucket(MakeBucketArgs.builder().bucket(access.bucket()).build());
          }
          return new Write.Written();
        },
        refused -> new Unavailable(describe(refused)),
        Unavailable::new);
  }

  @Override
  public Write put(String key, ByteBuffer content) {
    return write(key, content, Map.of());
  }

  @Override
  public Write putIfAbsent(String key, ByteBuffer content) {
    return write(key, content, Map.of("If-None-Match", "*"));
  }

  private Write write(String key, ByteBuffer content, Map<String, String> headers) {
    byte[] bytes = new byte[content.remaining()];
    content.duplicate().get(bytes);
    return attempt(
        () -> {
          client.putObject(
              PutObjectArgs.builder()
                  .bucket(access.bucket())
                  .object(access.prefix() + key)
                  .extraHeaders(headers)
                  .contentType("application/octet-stream")
                  // One part, whatever the size: a condition holds for one request only.
                  .stream(
                      new ByteArrayInputStream(bytes),
                      bytes.length,
                      Math.max(PART_BYTES_MIN, bytes.length))
                  .build());
          return new Write.Written();
        },
        refused ->
            switch (refused.response().code()) {
              case PRECONDITION_FAILED, CONFLICT -> new Write.Exists();
              default ->
                  refused.errorResponse().code().contains("Quota")
                          || refused.errorResponse().code().contains("StorageFull")
                      ? new Write.Full(describe(refused))
                      : new Unavailable(describe(refused));
            },
        Unavailable::new);
  }

  @Override
  public Fetch get(String key) {
    return read(key, GetObjectArgs.builder(), OBJECT_BYTES_MAX);
  }

  @Override
  public Fetch get(String key, long offset, int length) {
    return read(key, GetObjectArgs.builder().offset(offset).length((long) length), length);
  }

  private Fetch read(String key, GetObjectArgs.Builder arguments, int most) {
    GetObjectArgs wanted = arguments.bucket(access.bucket()).object(access.prefix() + key).build();
    return attempt(
        () -> {
          try (GetObjectResponse body = client.getObject(wanted)) {
            return new Fetch.Content(content(body, most));
          }
        },
        refused -> {
          if (refused.response().code() == RANGE_NOT_SATISFIABLE) {
            return new Fetch.Content(ByteBuffer.allocate(0));
          }
          return refused.errorResponse().code().equals("NoSuchKey")
              ? new Fetch.Missing()
              : new Unavailable(describe(refused));
        },
        Unavailable::new);
  }

  /** Into one array of the announced length; a body that breaks off before it throws. */
  private static ByteBuffer content(GetObjectResponse body, int most) throws IOException {
    String announced = body.headers().get("Content-Length");
    if (announced == null || !announced.matches("[0-9]{1,9}")) {
      return ByteBuffer.wrap(body.readNBytes(most));
    }
    byte[] bytes = new byte[Math.min(most, Integer.parseInt(announced))];
    return ByteBuffer.wrap(bytes, 0, body.readNBytes(bytes, 0, bytes.length));
  }

  @Override
  public Listing list(String prefix) {
    String whole = access.prefix() + prefix;
    return attempt(
        () -> {
          List<Entry> entries = new ArrayList<>();
          for (Result<Item> result :
              client.listObjects(
                  ListObjectsArgs.builder()
                      .bucket(access.bucket())
                      .prefix(whole)
                      .recursive(true)
                      .build())) {
            Item item = result.get();
            if (!item.isDir()) {
              entries.add(
                  new Entry(item.objectName().substring(access.prefix().length()), item.size()));
            }
          }
          entries.sort(Comparator.comparing(Entry::key));
          return new Listing.Entries(entries);
        },
        refused -> new Unavailable(describe(refused)),
        Unavailable::new);
  }

  @Override
  public Erasure delete(String key) {
    return attempt(
        () -> {
          client.removeObject(
              RemoveObjectArgs.builder()
                  .bucket(access.bucket())
                  .object(access.prefix() + key)
                  .build());
          return new Erasure.Gone();
        },
        refused ->
            refused.errorResponse().code().equals("NoSuchKey")
                ? new Erasure.Gone()
                : new Unavailable(describe(refused)),
        Unavailable::new);
  }

  @Override
  public String describe() {
    return access.toString();
  }

  @Override
  public void close() {
    http.dispatcher().executorService().shutdown();
    http.connectionPool().evictAll();
  }

  private interface Request<T> {
    T run() throws MinioException, IOException, GeneralSecurityException;
  }

  private interface Answer<T, F> {
    T to(F failure);
  }

  /**
   * Makes a request, again after a pause when it broke off or the server was busy. A conditional
   * write that is repeated may find what it wrote itself; who asked for it has to compare.
   */
  private <T> T attempt(
      Request<T> request, Answer<T, ErrorResponseException> refusal, Answer<T, String> breakdown) {
    String reason = "";
    for (int attempt = 1; attempt <= access.attempts(); attempt++) {
      try {
        return request.run();
      } catch (ErrorResponseException e) {
        if (e.response().code() < 500) {
          return refusal.to(e);
        }
        reason = describe(e);
      } catch (MinioException | IOException | GeneralSecurityException e) {
        reason = "%s: %s".formatted(access.endpoint(), e);
      }
      if (attempt < access.attempts() && !pause(attempt)) {
        return breakdown.to("interrupted; before that " + reason);
      }
    }
    return breakdown.to(reason);
  }

  private static boolean pause(int attempt) {
    try {
      Thread.sleep(PAUSE_FIRST.multipliedBy(1L << attempt));
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private String describe(ErrorResponseException refused) {
    return "%s answers %d %s"
        .formatted(access.endpoint(), refused.response().code(), refused.errorResponse().code());
  }
}
