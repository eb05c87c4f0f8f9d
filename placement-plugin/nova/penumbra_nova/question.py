"""Turns Nova's RequestSpec into a question, and keeps the answer for the rest of the request."""

import threading
import time

PREFIX = "penumbra:"

# Penumbra's own hint on the servers that it creates as shadows, on a host that it has chosen.
SHADOW = PREFIX + "shadow-of"

# A request passes filter and weigher within a second or so; nothing older is ever used.
_KEPT_FOR = 30.0
_KEPT_MOST = 256


def of(spec, hosts):
    """The question.

    :param spec: nova.objects.RequestSpec
    :param hosts: names of the hosts that are left
    """
    flavor = spec.flavor
    question = {
        "request": "nova-" + "-".join(str(part) for part in key(spec)),
        "vm": str(spec.instance_uuid),
        "project": str(spec.project_id),
        "flavor": str(flavor.name if _has(flavor, "name") and flavor.name else flavor.flavorid),
        "vcpus": int(flavor.vcpus),
        "memoryMib": int(flavor.memory_mb),
        "diskGib": _disk_gib(spec),
        "extraSpecs": {name: str(value) for name, value in sorted(_extra_specs(flavor).items())
                       if name.startswith(PREFIX)},
        "tags": _hints(spec),
        "hosts": sorted(set(hosts)),
        "claim": is_new(spec),
    }
    ignored = set(_get(spec, "ignore_hosts") or [])
    retry = _get(spec, "retry")
    if retry is not None and _has(retry, "hosts"):
        ignored.update(tried.host for tried in retry.hosts.objects)
    if ignored:
        question["ignore"] = sorted(ignored)
    return question


def key(spec):
    """What one question is known by: Nova's request, the server, and the how manieth attempt.

    A request for several servers comes round once more for the last of them, to find alternates;
    the answer is there already then, and nothing is claimed twice.
    """
    context = getattr(spec, "_context", None)
    retry = _get(spec, "retry")
    attempt = retry.num_attempts if retry is not None and _has(retry, "num_attempts") else 1
    return (getattr(context, "request_id", None) or "no-id", str(spec.instance_uuid), attempt)


def is_asked(spec):
    """False where Penumbra has no say: a rebuild stays where it is, and a shadow goes where it was told.

    A shadow's hint counts only together with a host that was asked for by name, and Nova lets
    administrators alone do that: no tenant takes the room of shadows by calling his server one.
    """
    hints = _get(spec, "scheduler_hints") or {}
    if list(hints.get("_nova_check_type") or []) == ["rebuild"]:
        return False
    return not (SHADOW in hints and _destination(spec, "host"))


def is_new(spec):
    """Whether this is about a server that stands nowhere yet, so that room is to be promised.

    Resize, migration and unshelving confine the request to the server's cell, evacuation and
    resize name the hosts to be left: a request to create does neither, unless it is tried again.
    """
    if _destination(spec, "cell") is not None:
        return False
    return not _get(spec, "ignore_hosts") or _get(spec, "retry") is not None


def _destination(spec, field):
    destination = _get(spec, "requested_destination")
    return _get(destination, field) if destination is not None else None


def _disk_gib(spec):
    """As Placement counts it: of a server that boots from a volume, the root disk is elsewhere."""
    flavor = spec.flavor
    root = 0 if _get(spec, "is_bfv") else int(flavor.root_gb)
    swap = int(_get(flavor, "swap") or 0)
    return root + int(_get(flavor, "ephemeral_gb") or 0) + (swap + 1023) // 1024


def _has(thing, name):
    """Whether a field is set: to read one that isn't makes some of Nova's objects ask the database."""
    return name in thing if hasattr(thing, "__contains__") else hasattr(thing, name)


def _get(thing, name):
    return getattr(thing, name) if _has(thing, name) else None


def _extra_specs(flavor):
    return _get(flavor, "extra_specs") or {}


def _hints(spec):
    """Scheduler hints that begin with ``penumbra:`` count like tags of the server."""
    tags = {}
    for name, value in sorted((_get(spec, "scheduler_hints") or {}).items()):
        # who may be believed about a shadow is not asked about at all, see is_asked
        if name.startswith(PREFIX) and name != SHADOW and value:
            tags[name] = str(value[0] if isinstance(value, (list, tuple)) else value)
    return tags


class Answers:
    """Answers of requests under way, so that filter and weigher ask once between them."""

    def __init__(self, clock=time.monotonic):
        self._clock = clock
        self._lock = threading.Lock()
        self._kept = {}

    def keep(self, what, answer):
        """Keeps an answer; None says that there was none and nobody should ask again."""
        now = self._clock()
        with self._lock:
            for old in [k for k, (at, _) in self._kept.items() if now - at > _KEPT_FOR]:
                del self._kept[old]
            self._kept.pop(what, None)
            while len(self._kept) >= _KEPT_MOST:
                del self._kept[next(iter(self._kept))]  # the first is the oldest
            self._kept[what] = (now, answer)

    def find(self, what):
        """(True, answer) when that was asked a moment ago, else (False, None)."""
        with self._lock:
            kept = self._kept.get(what)
        if kept is None or self._clock() - kept[0] > _KEPT_FOR:
            return False, None
        return True, kept[1]
