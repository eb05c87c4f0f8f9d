"""The client against a real HTTP server that misbehaves on demand. No Nova needed."""

import http.server
import json
import socket
import threading
import time
import unittest

from penumbra_nova import breaker
from penumbra_nova import client


class Server:
    """Answers POSTs as ``behave`` says; counts them."""

    def __init__(self):
        self.behave = self.answer
        self.calls = 0
        self.headers = {}
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                outer.calls += 1
                outer.headers = dict(self.headers)
                outer.body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.behave(self)

            def log_message(self, *args):
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.handle_error = lambda request, address: None  # clients here hang up on purpose
        self.url = "http://127.0.0.1:%d" % self.http.server_port
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    @staticmethod
    def send(handler, status, body):
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    def answer(self, handler):
        self.send(handler, 200, json.dumps({"hosts": [{"host": "hv-1", "score": 1.0}]}).encode())

    def close(self):
        self.http.shutdown()
        self.http.server_close()


class ClientTest(unittest.TestCase):

    def setUp(self):
        self.server = Server()
        self.addCleanup(self.server.close)
        self.now = 0.0

    def make(self, timeout=0.3, failures=3, url=None):
        self.breaker = breaker.Breaker(failures, 10.0, lambda: self.now)
        return client.Client(url or self.server.url, "secret", timeout, self.breaker)

    def fails(self, asked, name):
        with self.assertRaises(client.Unavailable) as caught:
            asked.place({})
        self.assertEqual(name, caught.exception.name)
        self.assertNotIn("secret", str(caught.exception))

    def test_asks_and_keeps_the_connection(self):
        asked = self.make()
        for _ in range(3):
            self.assertEqual("hv-1", asked.place({"vm": "a"})["hosts"][0]["host"])
        self.assertEqual({"answered": 3}, asked.counts)
        self.assertEqual("Bearer secret", self.server.headers["Authorization"])
        self.assertEqual({"vm": "a"}, json.loads(self.server.body))

    def test_a_server_that_is_slow_costs_the_time_out_once(self):
        self.server.behave = lambda handler: (time.sleep(1), self.server.answer(handler))
        asked = self.make(timeout=0.1, failures=1)
        started = time.monotonic()
        self.fails(asked, "timeout")
        for _ in range(100):
            self.fails(asked, "breaker-open")
        self.assertLess(time.monotonic() - started, 0.5)
        self.assertEqual({"timeout": 1, "breaker-open": 100}, asked.counts)

    def test_an_answer_that_trickles_in_does_not_outlast_the_limit(self):
        def trickle(handler):
            handler.send_response(200)
            handler.send_header("Content-Length", "1000")
            handler.end_headers()
            try:
                for _ in range(100):
                    handler.wfile.write(b" ")
                    time.sleep(0.05)
            except OSError:
                pass
        self.server.behave = trickle
        started = time.monotonic()
        self.fails(self.make(timeout=0.2), "timeout")
        self.assertLess(time.monotonic() - started, 1)

    def test_every_way_to_fail_has_a_name(self):
        asked = self.make(failures=100)
        self.server.behave = lambda handler: self.server.send(handler, 503, b"busy")
        self.fails(asked, "refused")
        self.server.behave = lambda handler: self.server.send(handler, 200, b"{truncated")
        self.fails(asked, "unreadable")
        self.server.behave = lambda handler: self.server.send(handler, 200, b"[]")
        self.fails(asked, "unreadable")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            nobody = "http://127.0.0.1:%d" % free.getsockname()[1]
        self.fails(self.make(url=nobody), "unreachable")

    def test_a_kept_connection_that_the_server_closed_is_replaced(self):
        asked = self.make()
        def once(handler):
            handler.close_connection = True
            self.server.answer(handler)
        self.server.behave = once
        asked.place({})
        time.sleep(0.05)
        self.assertIn("hosts", asked.place({}))

    def test_the_breaker_lets_one_try_after_its_pause(self):
        asked = self.make(failures=1)
        self.server.behave = lambda handler: self.server.send(handler, 500, b"")
        self.fails(asked, "refused")
        self.fails(asked, "breaker-open")
        self.now = 11.0
        self.fails(asked, "refused")
        self.fails(asked, "breaker-open")
        self.now = 22.0
        self.server.behave = self.server.answer
        asked.place({})
        asked.place({})
        self.assertFalse(self.breaker.is_open)

    def test_a_url_that_is_none_is_refused(self):
        with self.assertRaisesRegex(ValueError, "expected http://HOST:PORT"):
            self.make(url="penumbra:7400")


if __name__ == "__main__":
    unittest.main()
