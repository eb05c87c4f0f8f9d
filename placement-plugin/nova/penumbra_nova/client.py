"""Asks Penumbra, within a hard limit of time, and fails open.

Failing open has names, and each is counted: ``timeout``, ``unreachable``, ``refused``,
``unreadable`` and ``breaker-open``. The counts stand in the scheduler's log with every failure.
"""

import http.client
import json
import socket
import ssl
import threading
import time
import urllib.parse

from penumbra_nova.breaker import Breaker


class Unavailable(Exception):
    """No answer that can be used. ``name`` says which way it failed."""

    def __init__(self, name, detail):
        super().__init__("%s: %s" % (name, detail))
        self.name = name


class Client:
    """One Penumbra. Keeps a connection per thread; every call ends within ``timeout`` seconds.

    :param url: ``http://127.0.0.1:7400`` or https
    :param token: sent as a bearer token
    :param timeout: seconds for the whole call: connect, ask, answer
    :param breaker: keeps callers away while Penumbra is down
    :param cafile: whom to trust for https; the system's list if None
    """

    def __init__(self, url, token, timeout, breaker, cafile=None, clock=time.monotonic):
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("[penumbra] url is %r; expected http://HOST:PORT or https://HOST:PORT" % url)
        self._scheme = parts.scheme
        self._host = parts.hostname
        self._port = parts.port or (443 if parts.scheme == "https" else 80)
        self._token = token
        self._timeout = timeout
        self._breaker = breaker
        self._clock = clock
        self._tls = ssl.create_default_context(cafile=cafile) if parts.scheme == "https" else None
        self._local = threading.local()
        self._lock = threading.Lock()
        self.counts = {}

    def place(self, question):
        """Asks ``POST /v1/placements``.

        :param question: a dict as the OpenAPI description has it
        :returns: the answer as a dict
        :raises Unavailable: named and counted
        """
        if not self._breaker.may_call():
            self._count("breaker-open")
            raise Unavailable("breaker-open", "it failed a moment ago; not asked")
        try:
            answer = self._call(json.dumps(question).encode())
        except Unavailable as e:
            self._breaker.failed()
            self._count(e.name)
            raise
        self._breaker.succeeded()
        self._count("answered")
        return answer

    def _count(self, name):
        with self._lock:
            self.counts[name] = self.counts.get(name, 0) + 1

    def _call(self, body):
        deadline = self._clock() + self._timeout
        kept = getattr(self._local, "connection", None)
        if kept is not None:
            self._local.connection = None
            try:
                return self._exchange(kept, body, deadline)
            except _Stale:
                kept.close()  # the server closed it while nobody used it: a fresh one may work
        return self._exchange(self._connect(deadline), body, deadline)

    def _connect(self, deadline):
        left = self._left(deadline)
        if self._tls is not None:
            return http.client.HTTPSConnection(self._host, self._port, timeout=left, context=self._tls)
        return http.client.HTTPConnection(self._host, self._port, timeout=left)

    def _left(self, deadline):
        left = deadline - self._clock()
        if left <= 0:
            raise Unavailable("timeout", "no answer within %g s" % self._timeout)
        return left

    def _exchange(self, connection, body, deadline):
        fresh = connection.sock is None
        try:
            if fresh:
                connection.timeout = self._left(deadline)
                connection.connect()
                connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.sock.settimeout(self._left(deadline))
            connection.request("POST", "/v1/placements", body, {
                "Authorization": "Bearer " + self._token, "Content-Type": "application/json"})
            connection.sock.settimeout(self._left(deadline))
            response = connection.getresponse()
            data = self._read(connection, response, deadline)
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError) as e:
            connection.close()
            if not fresh:
                raise _Stale() from e
            raise Unavailable("unreachable", str(e)) from e
        except socket.timeout as e:
            connection.close()
            raise Unavailable("timeout", "no answer within %g s" % self._timeout) from e
        except (OSError, http.client.HTTPException) as e:
            connection.close()
            raise Unavailable("unreachable", str(e)) from e
        except Unavailable:
            connection.close()
            raise
        if response.status != 200:
            self._keep(connection)
            raise Unavailable("refused", "status %d: %s" % (response.status, data[:200].decode("utf-8", "replace")))
        try:
            answer = json.loads(data)
            if not isinstance(answer, dict) or not isinstance(answer.get("hosts"), list):
                raise ValueError("no list of hosts in it")
        except ValueError as e:
            connection.close()
            raise Unavailable("unreadable", str(e)) from e
        self._keep(connection)
        return answer

    def _read(self, connection, response, deadline):
        """Reads the body in pieces, so that one that trickles in does not outlast the limit."""
        pieces = []
        while True:
            if connection.sock is not None:
                connection.sock.settimeout(self._left(deadline))
            piece = response.read1(65536)
            if not piece:
                response.close()  # read1 leaves one that is empty open, and the connection unusable
                return b"".join(pieces)
            pieces.append(piece)
            self._left(deadline)

    def _keep(self, connection):
        if connection.sock is not None:
            self._local.connection = connection


class _Stale(Exception):
    """A kept connection that the server has closed."""


def from_settings(settings):
    """A client as ``[penumbra]`` in nova.conf says."""
    with open(settings.token_file, encoding="utf-8") as lines:
        token = lines.readline().strip()
    if not token:
        raise ValueError("[penumbra] token_file %s is empty" % settings.token_file)
    breaker = Breaker(settings.breaker_failures, settings.breaker_pause, time.monotonic)
    return Client(settings.url, token, settings.timeout, breaker, settings.cafile or None)
