"""What nova-scheduler loads: ``PenumbraFilter`` and ``PenumbraWeigher``.

The filter stands last among the enabled filters, asks once for all hosts that are left, and has
the room claimed; the weigher uses the same answer. Without the filter the weigher asks itself.
"""

import threading

from oslo_config import cfg
from oslo_log import log as logging

from nova.scheduler import filters
from nova.scheduler import weights

from penumbra_nova import client
from penumbra_nova import question

LOG = logging.getLogger(__name__)

OPTIONS = [
    cfg.StrOpt("url", default="http://127.0.0.1:7400", help="Penumbra's API."),
    cfg.StrOpt("token_file", default="/etc/nova/penumbra.token",
               help="File whose first line is the token that Penumbra knows Nova by."),
    cfg.StrOpt("cafile", default="", help="Whom to trust for https; the system's list if empty."),
    cfg.FloatOpt("timeout", default=0.25, min=0.01,
                 help="Seconds for a whole call. After that the request goes on without Penumbra."),
    cfg.IntOpt("breaker_failures", default=1, min=1,
               help="Failures in a row after which Penumbra is not asked for a while."),
    cfg.FloatOpt("breaker_pause", default=10.0, min=0.1,
                 help="Seconds until one request tries again."),
    cfg.FloatOpt("weight_multiplier", default=1000000.0,
                 help="Outweighs Nova's own weighers, because a pair is chosen and not one host. All but "
                      "two: failed builds and moves between cells weigh as much."),
]

cfg.CONF.register_opts(OPTIONS, group="penumbra")

# A host that Penumbra has heard nothing of lately is no worse for that: Penumbra may be the one
# that is cut off. It comes last, and Nova, which hears of it by another way, decides.
BLIND = "available STALE"

_lock = threading.Lock()
_state = {}


def _parts():
    """Client and kept answers, made at first use: nova.conf is read by then."""
    with _lock:
        if not _state:
            _state["client"] = client.from_settings(cfg.CONF.penumbra)
            _state["answers"] = question.Answers()
        return _state["client"], _state["answers"]


def forget():
    """Starts anew with the next request, for tests."""
    with _lock:
        _state.clear()


def answer_for(spec, hosts):
    """Penumbra's answer, asked for once per request; None: go on as if nobody had been asked."""
    if not question.is_asked(spec):
        return None
    try:
        asked, answers = _parts()
    except Exception as e:  # nova.conf is wrong: servers are created all the same
        LOG.warning("Penumbra is not asked about %s, Nova decides alone: misconfigured: %s",
                    spec.instance_uuid, e)
        return None
    what = question.key(spec)
    known, answer = answers.find(what)
    if not known:
        answer = _ask(asked, spec, hosts)
        answers.keep(what, answer)
    return answer


def _ask(asked, spec, hosts):
    try:
        answer = asked.place(question.of(spec, hosts))
    except client.Unavailable as e:
        LOG.warning("Penumbra is not heard about %s, Nova decides alone: %s (so far: %s)",
                    spec.instance_uuid, e, dict(sorted(asked.counts.items())))
        return None
    except Exception as e:  # a request of a kind nobody has thought of
        asked.count("unexpected")
        LOG.warning("Penumbra is not asked about %s, Nova decides alone: unexpected: %r (so far: %s)",
                    spec.instance_uuid, e, dict(sorted(asked.counts.items())))
        return None
    for problem in answer.get("problems") or []:
        LOG.warning("Penumbra on %s: %s", spec.instance_uuid, problem)
    stale = sum(str(line.get("refused") or "").endswith(BLIND) for line in answer["hosts"])
    if stale:
        asked.count("blind")
        LOG.warning("Penumbra has no news of %d of %d hosts for %s, Nova decides about those: blind (so far: %s)",
                    stale, len(answer["hosts"]), spec.instance_uuid, dict(sorted(asked.counts.items())))
    LOG.info("Penumbra on %s: mode %s, host %s, shadows %s, %s", spec.instance_uuid, answer.get("mode"),
             answer.get("primary"), answer.get("shadows"), answer.get("why"))
    return answer


class PenumbraFilter(filters.BaseHostFilter):
    """Refuses hosts that are quarantined, or whose room shadows need."""

    RUN_ON_REBUILD = False
    run_filter_once_per_request = False

    def filter_all(self, filter_obj_list, spec_obj):
        hosts = list(filter_obj_list)
        answer = answer_for(spec_obj, [host.host for host in hosts]) if hosts else None
        if answer is None:
            return hosts
        refused = {line["host"]: line["refused"] for line in answer["hosts"]
                   if line.get("refused") and not line["refused"].endswith(BLIND)}
        left = [host for host in hosts if host.host not in refused]
        if len(left) < len(hosts):
            LOG.info("Penumbra refuses %d of %d hosts for %s, such as %s", len(hosts) - len(left), len(hosts),
                     spec_obj.instance_uuid,
                     "; ".join("%s: %s" % (name, refused[name]) for name in sorted(refused)[:3]))
        return left

    def host_passes(self, host_state, filter_properties):
        return True


class PenumbraWeigher(weights.BaseHostWeigher):
    """Weighs hosts as Penumbra scores them, the chosen one highest.

    Nova brings what is returned to 0..1 between the lowest and the highest of each request, and
    asks no weigher when one host is left. Nothing is kept in the weigher itself: all requests
    share it.
    """

    def weight_multiplier(self, host_state):
        return cfg.CONF.penumbra.weight_multiplier

    def weigh_objects(self, weighed_obj_list, weight_properties):
        hosts = [weighed.obj.host for weighed in weighed_obj_list]
        answer = answer_for(weight_properties, hosts) if hosts else None
        if answer is None:
            return [0.0] * len(hosts)
        scores = {line["host"]: line["score"] for line in answer["hosts"] if not line.get("refused")}
        # a host that Penumbra doesn't know, or would not take, comes last
        lowest = min(scores.values(), default=0.0) - 1.0
        return [scores.get(host, lowest) for host in hosts]

    def _weigh_object(self, host_state, weight_properties):
        return 0.0
