"""Filter and weigher among Nova's own, with Nova's own objects. Needs Debian's python3-nova.

``CI=true`` makes a missing Nova a failure instead of a skip.
"""

import itertools
import os
import subprocess
import sys
import tempfile
import threading
import time
import unittest

try:
    from nova import objects
except ImportError as missing:
    if os.environ.get("CI") == "true":
        raise
    raise unittest.SkipTest("needs Nova (apt-get install python3-nova): %s" % missing) from missing

from nova import context
from nova import weights as nova_weights
from nova.scheduler import filters as nova_filters
from nova.scheduler import host_manager
from nova.scheduler import weights as host_weights
from oslo_config import cfg

from penumbra_nova import question
from penumbra_nova import scheduler
from tests.penumbra_server import Server

objects.register_all()

SERVER = "11111111-2222-3333-4444-555555555555"
OTHER = "66666666-7777-8888-9999-000000000000"
ALL = ("hv-1", "hv-2", "hv-3")


def hosts(*names):
    return [host_manager.HostState(name, name, None) for name in names or ALL]


def spec(request="req-1", **fields):
    flavor = objects.Flavor(name="m1.warm", flavorid="f1", vcpus=2, memory_mb=4096, root_gb=20,
                            ephemeral_gb=5, swap=512,
                            extra_specs={"penumbra:mode": "warm", "hw:cpu_policy": "shared"})
    made = {"instance_uuid": SERVER, "project_id": "p1", "flavor": flavor, "num_instances": 1,
            "scheduler_hints": {}, "ignore_hosts": None, "force_hosts": None, "force_nodes": None,
            "requested_destination": None, "retry": None, "is_bfv": False, **fields}
    asked = objects.RequestSpec(context.RequestContext("u", "p1", is_admin=False, request_id=request), **made)
    asked.obj_reset_changes()
    return asked


def scores(*pairs, **more):
    lines = [{"host": host, "score": said} if not isinstance(said, str) else
             {"host": host, "score": 0.0, "refused": said} for host, said in pairs]
    return {"mode": "warm", "primary": "hv-2", "shadows": ["hv-3"], "why": "score 1.5",
            "problems": [], "hosts": lines, **more}


class SchedulerTest(unittest.TestCase):

    def setUp(self):
        self.server = Server()
        self.addCleanup(self.server.close)
        token = tempfile.NamedTemporaryFile("w", suffix=".token")
        self.addCleanup(token.close)
        token.write("secret\n")
        token.flush()
        self.set(url=self.server.url, token_file=token.name, timeout=60.0, breaker_pause=600.0)
        scheduler.forget()
        self.addCleanup(scheduler.forget)
        self.server.says(scores(("hv-1", 1.0), ("hv-2", 2.5), ("hv-3", 1.5)))

    def set(self, **options):
        for name, value in options.items():
            cfg.CONF.set_override(name, value, group="penumbra")
            self.addCleanup(cfg.CONF.clear_override, name, group="penumbra")

    @staticmethod
    def filtered(asked, *names, **more):
        """As the host manager filters."""
        found = nova_filters.HostFilterHandler().get_filtered_objects(
            [scheduler.PenumbraFilter()], hosts(*names), asked, **more)
        return [host.host for host in found]

    @staticmethod
    def weighed(asked, *names, others=()):
        """As the host manager weighs: the best first."""
        found = host_weights.HostWeightHandler().get_weighed_objects(
            [weigher() for weigher in others] + [scheduler.PenumbraWeigher()], hosts(*names), asked)
        return [one.obj.host for one in found]

    def test_nova_finds_both_classes_by_their_names(self):
        [found] = nova_filters.HostFilterHandler().get_matching_classes(
            ["penumbra_nova.scheduler.PenumbraFilter"])
        self.assertIs(scheduler.PenumbraFilter, found)
        [found] = host_weights.HostWeightHandler().get_matching_classes(
            ["penumbra_nova.scheduler.PenumbraWeigher"])
        self.assertIs(scheduler.PenumbraWeigher, found)

    def test_asks_once_for_filter_and_weigher_about_all_hosts(self):
        asked = spec(scheduler_hints={"penumbra:rpo": ["5s"], "group": [OTHER]})
        self.assertEqual(list(ALL), self.filtered(asked))
        self.assertEqual(["hv-2", "hv-3", "hv-1"], self.weighed(asked))
        [question_] = self.server.questions
        self.assertEqual({
            "request": "nova-req-1-%s-1" % SERVER, "vm": SERVER, "project": "p1", "flavor": "m1.warm",
            "vcpus": 2, "memoryMib": 4096, "diskGib": 26, "extraSpecs": {"penumbra:mode": "warm"},
            "tags": {"penumbra:rpo": "5s"}, "hosts": list(ALL), "claim": True}, question_)

    def test_refused_hosts_are_gone_and_unknown_ones_come_last(self):
        self.server.says(scores(("hv-1", "host-state: quarantined"), ("hv-2", 2.0)))
        asked = spec()
        self.assertEqual(["hv-2", "hv-3"], self.filtered(asked))
        self.assertEqual(["hv-2", "hv-3"], self.weighed(asked, "hv-2", "hv-3"))

    def test_the_chosen_host_wins_against_novas_own_weighers(self):
        class Stubborn(nova_weights.BaseWeigher):
            def _weigh_object(self, obj, weight_properties):
                return {"hv-1": 3.0}.get(obj.host, 0.0)
        self.assertEqual("hv-2", self.weighed(spec(), others=[Stubborn])[0])

    def test_requests_under_way_together_do_not_touch_each_others_bounds(self):
        self.weighed(spec())
        self.assertEqual((None, None), (scheduler.PenumbraWeigher.minval, scheduler.PenumbraWeigher().minval))

    def test_two_servers_in_one_request_are_two_questions_and_alternates_none(self):
        asked = spec(num_instances=2)
        self.filtered(asked)
        asked.instance_uuid = OTHER
        self.filtered(asked, index=1)
        self.filtered(asked, "hv-1", "hv-3", index=1)
        self.assertEqual([SERVER, OTHER], [one["vm"] for one in self.server.questions])
        self.assertEqual([True, True], [one["claim"] for one in self.server.questions])

    def test_a_rebuild_is_not_asked_about(self):
        self.assertEqual(["hv-1"], self.filtered(spec(scheduler_hints={"_nova_check_type": ["rebuild"]}), "hv-1"))
        self.assertEqual([], self.server.questions)

    def test_nothing_is_claimed_for_a_server_that_moves(self):
        cell = objects.CellMapping(uuid=OTHER, name="cell1")
        moves = {
            "resize and cold migration": spec("r1", ignore_hosts=["hv-9"],
                                              requested_destination=objects.Destination(cell=cell)),
            "live migration to a host": spec("r2", requested_destination=objects.Destination(host="hv-1", cell=cell)),
            "live migration, tried again": spec("r3", ignore_hosts=["hv-8"],
                                                requested_destination=objects.Destination(cell=cell)),
            "evacuation": spec("r4", ignore_hosts=["hv-9"])}
        for name, asked in moves.items():
            with self.subTest(name):
                self.filtered(asked)
                self.assertFalse(self.server.questions[-1]["claim"])

    def test_a_build_on_a_named_host_or_tried_again_is_claimed(self):
        retry = objects.SchedulerRetries(num_attempts=2, hosts=objects.ComputeNodeList(
            objects=[objects.ComputeNode(host="hv-9", hypervisor_hostname="hv-9")]))
        for asked in (spec("r1", requested_destination=objects.Destination(host="hv-1")),
                      spec("r2", retry=retry, ignore_hosts=["hv-8"])):
            self.filtered(asked)
            self.assertTrue(self.server.questions[-1]["claim"])
        self.assertEqual(["hv-8", "hv-9"], self.server.questions[-1]["ignore"])
        self.assertTrue(self.server.questions[-1]["request"].endswith("-2"))

    def test_a_shadow_goes_where_penumbra_has_said_but_nobody_else_can_say_so(self):
        hint = {question.SHADOW: [OTHER]}
        self.filtered(spec(scheduler_hints=hint, requested_destination=objects.Destination(host="hv-1")), "hv-1")
        self.assertEqual([], self.server.questions)
        self.filtered(spec(scheduler_hints=hint))
        self.assertEqual([{}], [one["tags"] for one in self.server.questions])

    def test_the_root_disk_of_a_server_on_a_volume_is_elsewhere(self):
        self.filtered(spec(is_bfv=True))
        self.assertEqual(6, self.server.questions[0]["diskGib"])

    def test_fields_that_are_not_set_are_not_asked_for(self):
        flavor = objects.Flavor(flavorid="f1", vcpus=1, memory_mb=64, root_gb=1)
        asked = objects.RequestSpec(instance_uuid=SERVER, project_id="p1", flavor=flavor)
        self.assertEqual(list(ALL), self.filtered(asked))
        self.assertEqual(("f1", 1), (self.server.questions[0]["flavor"], self.server.questions[0]["diskGib"]))

    def test_nova_decides_alone_after_one_time_out_and_says_so(self):
        self.set(timeout=0.4)
        self.server.behave = lambda handler: time.sleep(60)
        started = time.monotonic()
        with self.assertLogs("penumbra_nova.scheduler", "WARNING") as log:
            for number in range(200):
                asked = spec("req-%d" % number)
                self.assertEqual(list(ALL), self.filtered(asked))
                self.assertEqual(list(ALL), self.weighed(asked))
        self.assertLess(time.monotonic() - started, 50, "200 time-outs would take 80 s")
        self.assertEqual(200, len(log.output))
        self.assertIn("Penumbra is not heard about %s, Nova decides alone: timeout: no answer within 0.4 s "
                      "(so far: {'timeout': 1})" % SERVER, log.output[0])
        self.assertIn("breaker-open: it failed a moment ago; not asked (so far: {'breaker-open': 199, 'timeout': 1})",
                      log.output[-1])
        self.assertNotIn("secret", "".join(log.output))

    def test_a_wrong_configuration_stops_no_server(self):
        self.set(url="penumbra:7400")
        with self.assertLogs("penumbra_nova.scheduler", "WARNING") as log:
            self.assertEqual(list(ALL), self.filtered(spec()))
        self.assertIn("misconfigured: [penumbra] url is 'penumbra:7400'", log.output[0])

    def test_hosts_that_penumbra_has_no_news_of_stay_and_come_last(self):
        stale = "host-state: asked UP, available STALE"
        self.server.says(scores(("hv-1", stale), ("hv-2", "host-state: asked UP, available QUARANTINED"), ("hv-3", 1.0)))
        asked = spec()
        with self.assertLogs("penumbra_nova.scheduler", "WARNING") as log:
            self.assertEqual(["hv-1", "hv-3"], self.filtered(asked))
        self.assertEqual(["hv-3", "hv-1"], self.weighed(asked, "hv-1", "hv-3"))
        self.assertIn("no news of 1 of 3 hosts for %s, Nova decides about those: blind" % SERVER, log.output[0])

    def test_when_every_host_is_refused_there_is_no_host_and_the_log_says_why(self):
        self.server.says(scores(*[(host, "memory: asked 4096 MiB, available 1024 MiB") for host in ALL]))
        with self.assertLogs("penumbra_nova.scheduler", "INFO") as log:
            self.assertEqual([], self.filtered(spec()))
        self.assertIn("Penumbra refuses 3 of 3 hosts for %s, such as hv-1: memory: asked 4096 MiB" % SERVER,
                      "".join(log.output))


class GreenTest(unittest.TestCase):
    """nova-scheduler runs requests in eventlet's greenthreads, in a process of its own."""

    SCRIPT = """
import nova.monkey_patch  # as nova.cmd does, before anything else
import sys, time, eventlet
from penumbra_nova import breaker, client
asked = client.Client(sys.argv[1], "secret", 100.0, breaker.Breaker(1, 60.0, time.monotonic))
pool = eventlet.GreenPool(8)
for _ in range(8):
    pool.spawn(asked.place, {})
pool.waitall()
print(asked.counts)
for _ in range(20):
    pool.spawn(asked.place, {})
    pool.waitall()
print(asked.counts)
"""

    def test_greenthreads_wait_side_by_side_and_share_connections(self):
        server = Server()
        self.addCleanup(server.close)
        came, together = itertools.count(), threading.Barrier(8)

        def answer(handler):
            if next(came) < 8:
                together.wait(60)  # nobody is answered until all have asked
            server.answer(handler)
        server.behave = answer
        done = subprocess.run([sys.executable, "-c", self.SCRIPT, server.url], capture_output=True, text=True,
                              timeout=300, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}, check=False)
        self.assertEqual(0, done.returncode, done.stderr)
        first, second = done.stdout.splitlines()
        self.assertEqual("{'answered': 8}", first, "one after the other")
        self.assertEqual("{'answered': 28}", second)
        self.assertLessEqual(server.connections, 8)


if __name__ == "__main__":
    unittest.main()
