package io.penumbra.adapter.traffic.gateway.frame;

/** Responses of HTTP/1.0 and 1.1; an interim one (1xx) counts as part of the final one. */
public final class HttpResponses extends HttpFramer implements ResponseFramer {

  private String method = "GET";
  private boolean switched;
  private boolean last;

  @Override
  void headIsWhole(HttpHead head) {
    String start = head.start();
    if (!start.matches("HTTP/1\\.[01] \\d{3}( .*)?")) {
      broken("no HTTP/1 status line");
      return;
    }
    int status = Integer.parseInt(start.substring(9, 12));
    last =
        head.list("connection").contains("close")
            || (start.startsWith("HTTP/1.0") && !head.list("connection").contains("keep-alive"));
    if (status == 101 || (method.equals("CONNECT") && status / 100 == 2)) {
      switched = true;
      whole();
    } else if (status / 100 == 1) {
      anotherHead();
    } else if (method.equals("HEAD") || status == 204 || status == 304) {
      whole();
    } else if (!bodyByHeaders(head)) {
      last = true;
      bodyUntilClose();
    }
  }

  @Override
  public void answering(Request request) {
    method = request.slot();
  }

  @Override
  public boolean unasked() {
    return false;
  }

  @Override
  public boolean distinctive() {
    return !lastWasHead();
  }

  @Override
  public boolean switched() {
    return switched;
  }

  @Override
  public boolean endsWithConnection() {
    return untilClose();
  }

  @Override
  public boolean last() {
    return last;
  }

  @Override
  public void reset() {
    super.reset();
    method = "GET";
    switched = false;
    last = false;
  }
}
