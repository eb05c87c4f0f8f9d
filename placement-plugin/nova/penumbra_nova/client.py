"""Asks Penumbra, within a hard limit of time, and fails open.

Failing open has names, and each is counted: ``timeout``, ``unreachable``, ``refused``,
``unreadable``, ``breaker-open``, ``misconfigured`` and ``unexpected``. The counts stand in the
scheduler's log with every failure.
"""

import http.client
import io
import json
import os
import socket
import ssl
import threading
import time
import urllib.parse

from penumbra_nova.breaker import Breaker

# Requests under way at the same time that find a kept connection; more open one and close it.
_KEPT_MOST = 8


class Unavailable(Exception):
    """No answer that can be used. ``name`` says which way it failed.

    :param outage: whether asking again at once is likely to fail, too
    """

    def __init__(self, name, detail, outage=True):
        super().__init__("%s: %s" % (name, detail))
        self.name = name
        self.outage = outage


class Client:
    """One Penumbra. Keeps connections; every call ends within ``timeout`` seconds.

    Connections belong to nobody: nova-scheduler runs each request in a greenthread of its own,
    and what is kept per thread would be gone with it.

    :param url: ``http://127.0.0.1:7400`` or https; best with an address, because looking a name
        up is bounded by the resolver and not by ``timeout``
    :param token: sent as a bearer token: a string, or what returns one
    :param timeout: seconds for the whole call: connect, ask, answer
    :param breaker: keeps callers away while Penumbra is down
    :param cafile: whom to trust for https; the system's list if None
    """

    def __init__(self, url, token, timeout, breaker, cafile=None, clock=time.monotonic):
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("[penumbra] url is %r; expected http://HOST:PORT or https://HOST:PORT" % url)
        self._host = parts.hostname
        self._port = parts.port or (443 if parts.scheme == "https" else 80)
        self._token = token if callable(token) else lambda: token
        self._timeout = timeout
        self._breaker = breaker
        self._clock = clock
        self._tls = ssl.create_default_context(cafile=cafile) if parts.scheme == "https" else None
        self._lock = threading.Lock()
        self._idle = []
        self.counts = {}

    def place(self, question):
        """Asks ``POST /v1/placements``.

        :param question: a dict as the OpenAPI description has it
        :returns: the answer as a dict, whose hosts each have a name, and a score or a refusal
        :raises Unavailable: named and counted
        """
        if not self._breaker.may_call():
            self.count("breaker-open")
            raise Unavailable("breaker-open", "it failed a moment ago; not asked", outage=False)
        try:
            answer = self._call(json.dumps(question).encode())
        except Unavailable as e:
            # one request that it can't read is no reason to go without it for all others
            (self._breaker.failed if e.outage else self._breaker.succeeded)()
            self.count(e.name)
            raise
        except Exception as e:
            self._breaker.failed()
            self.count("unexpected")
            raise Unavailable("unexpected", repr(e)) from e
        except BaseException:  # the greenthread is being killed: the next one may try
            self._breaker.failed()
            raise
        self._breaker.succeeded()
        self.count("answered")
        return answer

    def count(self, name):
        """One more of these."""
        with self._lock:
            self.counts[name] = self.counts.get(name, 0) + 1

    def _call(self, body):
        deadline = self._clock() + self._timeout
        with self._lock:
            kept = self._idle.pop() if self._idle else None
        if kept is not None:
            try:
                return self._exchange(kept, body, deadline)
            except _Stale:
                pass  # the server closed it while nobody used it: a fresh one may work
        return self._exchange(None, body, deadline)

    def _left(self, deadline):
        left = deadline - self._clock()
        if left <= 0:
            raise socket.timeout()
        return left

    def _connect(self, deadline):
        problem = OSError("%s has no address" % self._host)
        # by position: eventlet's own calls the fourth one otherwise
        for family, kind, protocol, _, address in socket.getaddrinfo(
                self._host, self._port, 0, socket.SOCK_STREAM):
            plain = socket.socket(family, kind, protocol)
            try:
                plain.settimeout(self._left(deadline))
                plain.connect(address)
                plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                if self._tls is not None:
                    plain.settimeout(self._left(deadline))
                    plain = self._tls.wrap_socket(plain, server_hostname=self._host)
            except socket.timeout:
                plain.close()
                raise  # the next address would only find that no time is left
            except OSError as e:
                plain.close()
                problem = e
                continue
            connection = http.client.HTTPConnection(self._host, self._port)
            connection.sock = _Bounded(plain)
            return connection
        raise problem

    def _exchange(self, kept, body, deadline):
        connection = kept
        try:
            if connection is None:
                connection = self._connect(deadline)
            connection.sock.left = lambda: self._left(deadline)
            connection.request("POST", "/v1/placements", body, {
                "Authorization": "Bearer " + self._token(), "Content-Type": "application/json"})
            response = connection.getresponse()
            data = response.read()
        except BaseException as e:
            if connection is not None:
                connection.close()
            said = self._said(e, kept)
            if said is e:
                raise
            raise said from e
        if connection.sock is not None:
            with self._lock:
                if len(self._idle) < _KEPT_MOST:
                    self._idle.append(connection)
                    connection = None
        if connection is not None:
            connection.close()
        if response.status != 200:
            raise Unavailable(
                "refused", "status %d: %s" % (response.status, data[:200].decode("utf-8", "replace")),
                outage=response.status >= 500)
        return _read(data)

    def _said(self, e, kept):
        if isinstance(e, socket.timeout):
            return Unavailable("timeout", "no answer within %g s" % self._timeout)
        if kept is not None and isinstance(
                e, (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError)):
            return _Stale()
        if isinstance(e, (OSError, http.client.HTTPException)) and not isinstance(e, Unavailable):
            return Unavailable("unreachable", str(e) or type(e).__name__)
        return e


class _Stale(Exception):
    """A kept connection that the server has closed."""


class _Bounded:
    """A socket as http.client uses one, whose every wait ends when the call has to.

    A time-out of the socket itself counts from the last byte on: a server that sends one byte a
    second would never meet it.
    """

    def __init__(self, sock):
        self._sock = sock
        self.left = None

    def sendall(self, data):
        self._sock.settimeout(self.left())
        self._sock.sendall(data)

    def recv_into(self, buffer):
        self._sock.settimeout(self.left())
        return self._sock.recv_into(buffer)

    def makefile(self, mode):
        return io.BufferedReader(_Pieces(self))

    def close(self):
        self._sock.close()


class _Pieces(io.RawIOBase):
    """Reads from a socket; closing it leaves the socket open for the next call."""

    def __init__(self, sock):
        super().__init__()
        self._sock = sock

    def readable(self):
        return True

    def readinto(self, buffer):
        return self._sock.recv_into(buffer)


def _read(data):
    """The answer, if everything in it that is used later can be used."""
    try:
        answer = json.loads(data)
        for line in answer["hosts"]:
            if not isinstance(line["host"], str):
                raise ValueError("a host without a name")
            if not line.get("refused"):
                line["score"] = float(line["score"])
    except (ValueError, TypeError, KeyError, AttributeError) as e:
        raise Unavailable("unreadable", "%s: %s" % (type(e).__name__, e)) from e
    return answer


class TokenFile:
    """The first line of a file, read again when the file has changed: tokens are replaced in use."""

    def __init__(self, path):
        self._path = path
        self._seen = None
        self._token = ""

    def __call__(self):
        try:
            now = os.stat(self._path)
            if self._seen != (now.st_mtime_ns, now.st_ino):
                with open(self._path, encoding="utf-8") as lines:
                    self._token = lines.readline().strip()
                self._seen = (now.st_mtime_ns, now.st_ino)
        except (OSError, ValueError) as e:
            raise Unavailable("misconfigured", "token_file: %s" % e, outage=False) from e
        if not self._token:
            raise Unavailable("misconfigured", "token_file %s is empty" % self._path, outage=False)
        return self._token


def from_settings(settings):
    """A client as ``[penumbra]`` in nova.conf says."""
    breaker = Breaker(settings.breaker_failures, settings.breaker_pause, time.monotonic)
    return Client(settings.url, TokenFile(settings.token_file), settings.timeout, breaker,
                  settings.cafile or None)
