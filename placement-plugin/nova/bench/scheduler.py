#!/usr/bin/python3
"""What a question to Penumbra adds to Nova's filters and weighers, in one process.

  bench/scheduler.py URL TOKEN-FILE [--hosts 100] [--requests 500]

Runs what nova-scheduler runs per server (``SchedulerManager._get_sorted_hosts`` with the default
filters and all weighers of the installed Nova, monkey-patched as the service is) over host states
named hv-01 and on, once without the plugin and once with it, in turns; prints one JSON object.
Penumbra at URL has to know those hosts. Placement, the database and RabbitMQ are not in it: they
come on top in both cases.
"""

import nova.monkey_patch  # noqa: F401  first, as nova.cmd does

import argparse
import json
import pathlib
import random
import statistics
import sys
import time
import types
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import nova.conf
from nova import config
from nova import context
from nova import objects
from nova.scheduler import filters
from nova.scheduler import host_manager
from nova.scheduler import manager
from nova.scheduler import weights
from oslo_utils import timeutils

from penumbra_nova import breaker
from penumbra_nova import client
from penumbra_nova import scheduler as plugin

PLUGIN = "penumbra_nova.scheduler."


def host(number):
    name = "hv-%02d" % number
    state = host_manager.HostState(name, name, None)
    state.host_ip = "127.0.0.1"
    state.hypervisor_type = "fake"
    state.hypervisor_version = 1000
    state.total_usable_ram_mb = state.free_ram_mb = 8000000 - random.randrange(4000000)
    state.free_disk_mb = 600000 * 1024
    state.total_usable_disk_gb = 600000
    state.vcpus_total, state.vcpus_used = 1000, random.randrange(500)
    state.cpu_allocation_ratio = 4.0
    state.num_io_ops = random.randrange(3)
    state.failed_builds = 0
    state.cell_uuid = "cell1"
    state.aggregates = []
    state.instances = {}
    state.metrics = objects.MonitorMetricList(objects=[])
    state.updated = timeutils.utcnow(with_timezone=True)
    state.service = {"disabled": False, "host": name, "binary": "nova-compute", "forced_down": False, "topic": "compute",
                     "last_seen_up": timeutils.utcnow(),
                     "created_at": timeutils.utcnow(), "updated_at": timeutils.utcnow(), "report_count": 1}
    return state


def spec():
    flavor = objects.Flavor(name="m1.warm", flavorid="f1", vcpus=1, memory_mb=64, root_gb=1, ephemeral_gb=0, swap=0,
                            extra_specs={"penumbra:mode": "warm"})
    return objects.RequestSpec(
        context.RequestContext("u", "p", is_admin=False, request_id="req-" + str(uuid.uuid4())),
        instance_uuid=str(uuid.uuid4()), project_id="p", flavor=flavor, num_instances=1, scheduler_hints={},
        ignore_hosts=None, force_hosts=None, force_nodes=None, requested_destination=None, retry=None, is_bfv=False,
        image=objects.ImageMeta(properties=objects.ImageMetaProps()), instance_group=None, numa_topology=None,
        pci_requests=None, availability_zone=None, limits=objects.SchedulerLimits())


def scheduler(with_plugin):
    """As much of the scheduler as chooses a host."""
    settings = nova.conf.CONF.filter_scheduler
    hosts = host_manager.HostManager.__new__(host_manager.HostManager)
    hosts.filter_handler = filters.HostFilterHandler()
    names = list(settings.enabled_filters)
    found = hosts.filter_handler.get_matching_classes(
        ["nova.scheduler.filters.all_filters", PLUGIN + "PenumbraFilter"])
    by_name = {cls.__name__: cls for cls in found}
    hosts.enabled_filters = [by_name[name]() for name in names + ["PenumbraFilter"] * with_plugin]
    hosts.weight_handler = weights.HostWeightHandler()
    classes = ["nova.scheduler.weights.all_weighers"] + [PLUGIN + "PenumbraWeigher"] * with_plugin
    hosts.weighers = [cls() for cls in hosts.weight_handler.get_matching_classes(classes)]
    chosen = types.SimpleNamespace(host_manager=hosts)
    return lambda asked, states: manager.SchedulerManager._get_sorted_hosts(chosen, asked, states, 0)


def ms(samples):
    found = sorted(samples)
    at = lambda share: round(1000 * found[min(len(found) - 1, int(share * len(found)))], 2)
    return {"p50": at(0.5), "p99": at(0.99), "most": at(1)}


def main():
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("url")
    words.add_argument("token")
    words.add_argument("--hosts", type=int, default=100)
    words.add_argument("--requests", type=int, default=500)
    words.add_argument("--down", action="store_true", help="nobody listens there: show what failing open costs")
    words.add_argument("--timeout", type=float, default=0.25, help="of a question; a longer one measures, and fails open less")
    asked = words.parse_args()
    objects.register_all()
    config.parse_args(["nova-scheduler"], default_config_files=[], init_rpc=False, configure_db=False)
    random.seed(1)
    nova.conf.CONF.set_override("service_down_time", 86400)
    nova.conf.CONF.set_override("url", asked.url, group="penumbra")
    nova.conf.CONF.set_override("timeout", asked.timeout, group="penumbra")
    nova.conf.CONF.set_override("token_file", asked.token, group="penumbra")
    states = [host(number) for number in range(1, asked.hosts + 1)]
    alone, together = scheduler(False), scheduler(True)
    without, with_it, added = [], [], []
    cpu = {alone: 0.0, together: 0.0}  # of this process: holds on a busy machine, too
    for number in range(asked.requests + (0 if asked.down else 50)):
        times = []
        for one in (alone, together) if number % 2 else (together, alone):
            began, cpu_began = time.perf_counter(), time.process_time()
            if not one(spec(), list(states)):
                sys.exit("no host is left")
            times.append(time.perf_counter() - began)
            cpu[one] += time.process_time() - cpu_began
        first, second = times if number % 2 else reversed(times)
        if asked.down or number >= 50:  # until then, compilers and connections warm up
            without.append(first)
            with_it.append(second)
            added.append(second - first)
    counts = plugin._parts()[0].counts
    rate = None
    if not asked.down:  # Penumbra alone, by the plugin's own client: decide, claim, journal, answer
        patient = client.Client(asked.url, client.TokenFile(asked.token), 10.0, breaker.Breaker(1, 10.0, time.monotonic))
        began, done = time.perf_counter(), 0
        while time.perf_counter() - began < 5:
            patient.place(plugin.question.of(spec(), [state.host for state in states]))
            done += 1
        rate = round(done / (time.perf_counter() - began))
    print(json.dumps({
        "hosts": asked.hosts, "requests": asked.requests, "nova_ms": ms(without), "with_penumbra_ms": ms(with_it),
        "added_ms": ms(added),
        "cpu_ms_of_nova": round(1000 * cpu[alone] / (number + 1), 2),
        "cpu_ms_of_nova_with_penumbra": round(1000 * cpu[together] / (number + 1), 2), "first_added_ms": [round(1000 * one, 2) for one in added[:5]],
        "nova_decisions_per_second": round(len(without) / sum(without)),
        "penumbra_decisions_per_second": rate, "counts": counts}))


if __name__ == "__main__":
    main()
