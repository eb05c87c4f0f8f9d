"""A server that answers as a test says, and remembers what it was asked."""

import http.server
import json
import threading


class Server:
    """Answers POSTs as ``behave`` says; counts them, and the connections they came on."""

    def __init__(self):
        self.behave = self.answer
        self.calls = 0
        self.connections = 0
        self.headers = {}
        self.questions = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                outer.connections += 1
                super().setup()

            def do_POST(self):
                outer.calls += 1
                outer.headers = dict(self.headers)
                outer.body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.questions.append(json.loads(outer.body))
                outer.behave(self)

            def log_message(self, *args):
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.http.handle_error = lambda request, address: None  # clients here hang up on purpose
        self.url = "http://127.0.0.1:%d" % self.http.server_port
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    @staticmethod
    def send(handler, status, body):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)

    def answer(self, handler):
        self.send(handler, 200, {"hosts": [{"host": "hv-1", "score": 1.0}]})

    def says(self, answer):
        """Every question gets this answer from now on."""
        self.behave = lambda handler: self.send(handler, 200, answer)

    def close(self):
        self.http.shutdown()
        self.http.server_close()
