package io.penumbra.adapter.openstack.api;

import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** An answer within a time and a size, its body included. */
final class WholeAnswer {

  private WholeAnswer() {}

  /** The client's own time-out ends with the headers; a body may trickle in for ever. */
  static HttpResponse<String> to(
      HttpRequest request, HttpClient http, Duration within, long bytesMax)
      throws IOException, InterruptedException, TimeoutException {
    CompletableFuture<HttpResponse<String>> coming =
        http.sendAsync(request, BodyHandlers.limiting(BodyHandlers.ofString(), bytesMax));
    try {
      return coming.get(within.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof IOException broken
          ? broken
          : new IOException(String.valueOf(e.getCause()), e);
    } finally {
      coming.cancel(true);
    }
  }
}
