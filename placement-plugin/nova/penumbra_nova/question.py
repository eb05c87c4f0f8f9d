"""Turns Nova's RequestSpec into a question, and keeps the answer for the rest of the request."""

import threading
import time

PREFIX = "penumbra:"

# A request passes filter and weigher within a second or so; nothing older is ever used.
_KEPT_FOR = 30.0
_KEPT_MOST = 256


def of(spec, hosts, claim):
    """The question.

    :param spec: nova.objects.RequestSpec
    :param hosts: names of the hosts that are left
    :param claim: whether room is to be promised
    """
    flavor = spec.flavor
    question = {
        "request": "nova-" + str(spec.instance_uuid) + "-" + str(_attempt(spec)),
        "vm": str(spec.instance_uuid),
        "project": str(spec.project_id),
        "flavor": str(flavor.name if "name" in flavor and flavor.name else flavor.flavorid),
        "vcpus": int(flavor.vcpus),
        "memoryMib": int(flavor.memory_mb),
        "diskGib": int(flavor.root_gb) + int(flavor.ephemeral_gb),
        "extraSpecs": {key: str(value) for key, value in sorted((_extra_specs(flavor)).items())
                       if key.startswith(PREFIX)},
        "tags": _hints(spec),
        "hosts": sorted(set(hosts)),
        "claim": claim,
    }
    ignored = list(spec.ignore_hosts or []) if _has(spec, "ignore_hosts") else []
    if _has(spec, "retry") and spec.retry is not None:
        ignored += [host.host for host in spec.retry.hosts.objects] if hasattr(spec.retry.hosts, "objects") else []
    if ignored:
        question["ignore"] = sorted(set(ignored))
    return question


def _has(spec, name):
    return name in spec if hasattr(spec, "__contains__") else hasattr(spec, name)


def _extra_specs(flavor):
    return flavor.extra_specs or {} if _has(flavor, "extra_specs") else {}


def _attempt(spec):
    if _has(spec, "retry") and spec.retry is not None:
        return spec.retry.num_attempts
    return 1


def _hints(spec):
    """Scheduler hints that begin with ``penumbra:`` count like tags of the server."""
    hints = (spec.scheduler_hints or {}) if _has(spec, "scheduler_hints") else {}
    tags = {}
    for key, value in sorted(hints.items()):
        if key.startswith(PREFIX):
            tags[key] = str(value[0] if isinstance(value, (list, tuple)) else value)
    return tags


class Answers:
    """Answers of requests under way, so that filter and weigher ask once between them."""

    def __init__(self, clock=time.monotonic):
        self._clock = clock
        self._lock = threading.Lock()
        self._kept = {}

    def keep(self, key, answer):
        """Keeps an answer; None says that there was none and nobody should ask again."""
        now = self._clock()
        with self._lock:
            self._kept[key] = (now, answer)
            for old in [k for k, (at, _) in self._kept.items() if now - at > _KEPT_FOR]:
                del self._kept[old]
            while len(self._kept) > _KEPT_MOST:
                del self._kept[min(self._kept, key=lambda k: self._kept[k][0])]

    def take(self, key):
        """(True, answer) when the request was asked about, else (False, None)."""
        with self._lock:
            kept = self._kept.pop(key, None)
        if kept is None or self._clock() - kept[0] > _KEPT_FOR:
            return False, None
        return True, kept[1]
