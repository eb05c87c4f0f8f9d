"""A circuit breaker: after so many failures in a row nobody is asked for a while.

The pattern is Nygard's ("Release It!", 2007): closed, open, and half open for one trial.
"""

import threading


class Breaker:
    """Counts failures in a row; safe for threads, and for greenthreads where threading is patched.

    Whoever was told that he may call says afterwards how it went, whatever happened.

    :param failures: failures in a row after which it opens
    :param pause: seconds it stays open before one caller may try
    :param clock: seconds that never run backwards, such as ``time.monotonic``
    """

    def __init__(self, failures, pause, clock):
        self._failures = failures
        self._pause = pause
        self._clock = clock
        self._lock = threading.Lock()
        self._in_a_row = 0
        self._opened = None
        self._trying = False

    def may_call(self):
        """Whether to ask now. While half open, true for one caller only."""
        with self._lock:
            if self._opened is None:
                return True
            if self._trying or self._clock() - self._opened < self._pause:
                return False
            self._trying = True
            return True

    def succeeded(self):
        """The call worked: closed."""
        with self._lock:
            self._in_a_row = 0
            self._opened = None
            self._trying = False

    def failed(self):
        """The call did not work."""
        with self._lock:
            self._in_a_row += 1
            self._trying = False
            if self._opened is not None or self._in_a_row >= self._failures:
                self._opened = self._clock()

    @property
    def is_open(self):
        """Whether it keeps callers away."""
        with self._lock:
            return self._opened is not None
