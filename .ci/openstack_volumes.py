"""Volumes of the cloud of .ci/openstack: Debian's Cinder, with a driver that keeps each volume in a file
(.ci/openstack_disks.py). The guests are not real, so nothing is exported to a host: what a test writes into
that file counts as what the guest has written."""

import os
import pathlib
import shutil
import sys
import time

PACKAGES = ["cinder-common"]  # its services are parts of this package's Python; those of their own bring LVM along

PORTS = {"cinder": 16}

SERVICES = (("cinder", "volumev3", "cinder", "/v3/$(project_id)s"),)

PARTS = ("cinder-scheduler", "cinder-volume")

CONF = "cinder.conf"


def configure(rig, write):
    etc = rig.etc / "cinder"
    for folder in (etc / "policy.d", rig.data / "cinder" / "volumes", rig.data / "cinder" / "lock"):
        folder.mkdir(parents=True, exist_ok=True)
    shutil.copy("/usr/share/cinder-common/api-paste.ini", etc)
    shutil.copy("/etc/cinder/resource_filters.json", etc)
    write(etc / CONF, f"""[DEFAULT]
host = controller
transport_url = rabbit://rig:{rig.password}@127.0.0.1:{rig.ports["amqp"]}/
state_path = {rig.data}/cinder
api_paste_config = {etc}/api-paste.ini
resource_query_filters_file = {etc}/resource_filters.json
auth_strategy = keystone
enabled_backends = files
default_volume_type = __DEFAULT__
osapi_volume_workers = 1
quota_volumes = -1
quota_snapshots = -1
quota_gigabytes = -1
[files]
volume_driver = openstack_disks.Files
volume_backend_name = files
[database]
connection = {rig.sql("cinder")}
[oslo_concurrency]
lock_path = {rig.data}/cinder/lock
[oslo_policy]
policy_dirs = {etc}/policy.d
[nova]
{rig.credentials()}[service_user]
send_service_user_token = true
{rig.credentials()}{rig.token_section()}""")
    # what the service looks for beside itself is found here
    write(etc / "cinder.wsgi", "import sys\nsys.argv = ['cinder-api', '--config-file', '%s', '--log-file', '%s']\n"
          "from cinder.wsgi.wsgi import initialize_application\napplication = initialize_application()\n"
          % (etc / CONF, rig.log / "cinder-api.log"))


def databases(rig):
    return ("cinder",), {"cinder": ["cinder-manage --config-file %s/cinder/%s db sync" % (rig.etc, CONF)]}


def start(rig, name):
    """Starts one of PARTS."""
    module = name.removeprefix("cinder-")
    rig.start(name, sys.executable, "-c", "import sys; sys.argv[0] = %r; from cinder.cmd.%s import main; main()" % (name, module),
              "--config-file", rig.etc / "cinder" / CONF, "--log-file", rig.log / (name + ".log"),
              PYTHONPATH=str(pathlib.Path(__file__).resolve().parent), PYTHONDONTWRITEBYTECODE="1")


def up(rig):
    for name in PARTS:
        start(rig, name)
    rig.start_api("cinder-api", rig.etc / "cinder" / "cinder.wsgi", 1)


class Volumes:
    """Volumes of one project, and what stands in them."""

    def __init__(self, rig, cloud, project):
        self.rig, self.cloud, self.path = rig, cloud, "/v3/" + project

    def all(self, kind="volumes"):
        """Of every project, by id."""
        found = self.cloud.call("GET", "cinder", "%s/%s/detail?all_tenants=1" % (self.path, kind))[kind]
        return {one["id"]: one for one in found}

    def is_ready(self):
        """Whether its parts have reported; until then Cinder finds no place for a volume."""
        there = self.cloud.call("GET", "cinder", self.path + "/os-services")["services"]
        return {one["binary"] for one in there if one["state"] == "up"} >= set(PARTS)

    def bootable(self, name, size=1):
        made = self.cloud.call("POST", "cinder", self.path + "/volumes", {"volume": {"name": name, "size": size}})["volume"]["id"]
        self.cloud_waits(made)
        self.cloud.call("POST", "cinder", "%s/volumes/%s/action" % (self.path, made), {"os-set_bootable": {"bootable": True}})
        return made

    def cloud_waits(self, volume):
        deadline = time.monotonic() + 240
        while self.all()[volume]["status"] != "available":
            if time.monotonic() > deadline:
                sys.exit("openstack: volume %s is %s" % (volume, self.all()[volume]["status"]))
            time.sleep(0.3)

    def of(self, server):
        """The one volume that a server has, if it has one."""
        return next((one["id"] for one in self.all().values()
                     for other in one["attachments"] if other["server_id"] == server), None)

    def delete_all(self):
        for one in self.all():
            self.cloud.call("DELETE", "cinder", "%s/volumes/%s" % (self.path, one))

    def file(self, volume):
        return self.rig.data / "cinder" / "volumes" / ("volume-" + volume)

    def write(self, volume, text):
        """At once or not at all, as a disk writes a sector."""
        new = self.file(volume).with_suffix(".new")
        new.write_text(text)
        os.replace(new, self.file(volume))

    def read(self, volume):
        return self.file(volume).read_text()
