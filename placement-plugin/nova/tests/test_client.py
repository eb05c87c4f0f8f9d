"""The client against a real HTTP server that misbehaves on demand. No Nova needed."""

import json
import os
import tempfile
import time
import unittest

from penumbra_nova import breaker
from penumbra_nova import client
from tests.penumbra_server import Server


class ClientTest(unittest.TestCase):

    def setUp(self):
        self.server = Server()
        self.addCleanup(self.server.close)
        self.now = 0.0

    def make(self, timeout=60.0, failures=3, url=None):
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
        self.server.behave = lambda handler: (time.sleep(60), self.server.answer(handler))
        asked = self.make(timeout=0.3, failures=1)
        started = time.monotonic()
        self.fails(asked, "timeout")
        for _ in range(1000):
            self.fails(asked, "breaker-open")
        self.assertLess(time.monotonic() - started, 100, "1000 time-outs would take 300 s")
        self.assertEqual({"timeout": 1, "breaker-open": 1000}, asked.counts)

    def test_an_answer_that_trickles_in_does_not_outlast_the_limit(self):
        def trickle(handler):
            handler.send_response(200)
            handler.send_header("Content-Length", "1000")
            handler.end_headers()
            try:
                for _ in range(2000):
                    handler.wfile.write(b" ")
                    time.sleep(0.05)
            except OSError:
                pass
        self.server.behave = trickle
        started = time.monotonic()
        self.fails(self.make(timeout=0.2), "timeout")
        self.assertLess(time.monotonic() - started, 60, "all of it would take 100 s")

    def test_headers_that_trickle_in_do_not_outlast_the_limit_either(self):
        def trickle(handler):
            try:
                handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
                for _ in range(2000):
                    handler.wfile.write(b"x")
                    time.sleep(0.05)
            except OSError:
                pass
        self.server.behave = trickle
        started = time.monotonic()
        self.fails(self.make(timeout=0.2), "timeout")
        self.assertLess(time.monotonic() - started, 60, "all of it would take 100 s")

    def test_one_connection_does_for_calls_after_each_other(self):
        asked = self.make()
        for _ in range(20):
            asked.place({})
        self.assertEqual((20, 1), (self.server.calls, self.server.connections))

    def test_a_request_that_is_refused_does_not_open_the_breaker(self):
        self.server.behave = lambda handler: self.server.send(handler, 400, b"vcpus: expected a number")
        asked = self.make(failures=1)
        self.fails(asked, "refused")
        self.assertFalse(self.breaker.is_open)
        self.server.behave = self.server.answer
        asked.place({})

    def test_what_nobody_foresaw_opens_the_breaker_and_a_trial_closes_it(self):
        asked = self.make(failures=1)
        with self.assertRaisesRegex(client.Unavailable, "unexpected"):
            asked.place({"not": object()})
        self.fails(asked, "breaker-open")
        self.now = 11.0
        asked.place({})
        self.assertFalse(self.breaker.is_open)

    def test_a_token_is_read_again_when_its_file_changes(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "token")
            asked = client.Client(self.server.url, client.TokenFile(path), 60.0,
                                  breaker.Breaker(1, 10.0, lambda: self.now))
            self.fails(asked, "misconfigured")
            for token in ("first", "second"):
                with open(path + ".new", "w", encoding="utf-8") as out:
                    out.write(token + "\n")
                os.replace(path + ".new", path)
                asked.place({})
                self.assertEqual("Bearer " + token, self.server.headers["Authorization"])

    def test_every_way_to_fail_has_a_name(self):
        asked = self.make(failures=100)
        self.server.behave = lambda handler: self.server.send(handler, 503, b"busy")
        self.fails(asked, "refused")
        self.server.behave = lambda handler: self.server.send(handler, 200, b"{truncated")
        self.fails(asked, "unreadable")
        for body in (b"[]", b"null", b'{"hosts": [{}]}', b'{"hosts": [{"host": "hv-1", "score": "much"}]}'):
            self.server.behave = lambda handler, body=body: self.server.send(handler, 200, body)
            self.fails(asked, "unreadable")
        self.fails(self.make(url="http://127.0.0.1:1"), "unreachable")

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
