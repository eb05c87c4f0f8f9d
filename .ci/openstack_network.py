"""The network of the cloud of .ci/openstack: Debian's neutron-api with ML2, Open vSwitch's driver, routers
and segments. What is asked of it is decided by Neutron itself; there are no agents, only their rows in its
database, so ports are bound and addresses given, and nothing is plugged in: the guests are not real either.

racks  a routed network of everybody's: a segment and a subnet in each of two racks
home   a network of the administrator's project, good on every host, behind a router to outside, whence
       floating addresses come"""

import json
import pathlib
import shutil

PACKAGES = ["neutron-api"]

PORTS = {"neutron": 4}

SERVICES = (("neutron", "network", "neutron", ""),)

PART = "neutron-api"


def configure(rig, write):
    etc = rig.etc / "neutron"
    for folder in (etc / "policy.d", etc / "plugins" / "ml2", rig.data / "neutron"):
        folder.mkdir(parents=True, exist_ok=True)
    shutil.copy("/usr/share/neutron-common/api-paste.ini", etc)
    # neutron.conf keeps no policy that was registered: that is a file of its own, in policy.d
    write(etc / "neutron.conf", f"""[DEFAULT]
transport_url = rabbit://rig:{rig.password}@127.0.0.1:{rig.ports["amqp"]}/
state_path = {rig.data}/neutron
log_file = {rig.log}/neutron-api.log
api_paste_config = {etc}/api-paste.ini
auth_strategy = keystone
core_plugin = ml2
service_plugins = router,segments
dhcp_agent_notification = false
# the agents have reported once, when the cloud was made
agent_down_time = 8640000
send_events_interval = 1
[oslo_concurrency]
lock_path = {rig.data}/neutron
[oslo_policy]
policy_dirs = {etc}/policy.d
[database]
connection = {rig.sql("neutron")}
[quotas]
quota_port = -1
quota_network = -1
quota_floatingip = -1
[nova]
{rig.credentials()}[placement]
{rig.credentials()}{rig.token_section()}""")
    write(etc / "plugins" / "ml2" / "ml2_conf.ini", """[ml2]
type_drivers = flat,vlan
tenant_network_types = vlan
mechanism_drivers = openvswitch
extension_drivers = port_security
[ml2_type_flat]
flat_networks = outside
[ml2_type_vlan]
network_vlan_ranges = everywhere:100:999,rack-a:100:199,rack-b:100:199
[securitygroup]
enable_security_group = true
""")


def databases(rig):
    """Neutron's own models make in seconds what its migrations come to in minutes; its tests hold them equal."""
    config = "--config-file %s/neutron/neutron.conf --config-file %s/neutron/plugins/ml2/ml2_conf.ini" % (rig.etc, rig.etc)
    make = ("from neutron.db.migration.models import head; import sqlalchemy; "
            "head.get_metadata().create_all(sqlalchemy.create_engine(\"%s\"))" % rig.sql("neutron"))
    return ("neutron",), {"neutron": ["%s -c '%s'" % (pathlib.Path("/usr/bin/python3"), make),
                                      "neutron-db-manage %s stamp heads" % config]}


def rack(host):
    """Which of the two: hosts stand in them in turns."""
    return (int(host.rsplit("-", 1)[1]) - 1) % 2


def agents(rig):
    """What Open vSwitch's agent on each host would report."""
    for host in rig.hosts:
        told = json.dumps({"bridge_mappings": {"rack-" + "ab"[rack(host)]: "br-rack", "everywhere": "br-all"},
                           "tunnel_types": [], "datapath_type": "system", "integration_bridge": "br-int"})
        rig.query("INSERT IGNORE INTO neutron.agents (id, agent_type, `binary`, topic, host, admin_state_up, created_at,"
                  " started_at, heartbeat_timestamp, configurations) VALUES (UUID(), 'Open vSwitch agent',"
                  " 'neutron-openvswitch-agent', 'N/A', '%s', 1, UTC_TIMESTAMP(), UTC_TIMESTAMP(), UTC_TIMESTAMP(), '%s')"
                  % (host, told))


class Network:
    """Its networks, and what is asked about ports."""

    def __init__(self, cloud):
        self.cloud = cloud

    def listed(self, kind, **query):
        words = "&".join("%s=%s" % item for item in query.items())
        return self.cloud.call("GET", "neutron", "/v2.0/%s?%s" % (kind, words))[kind]

    def one(self, kind, name):
        return next(iter(self.listed(kind, name=name)), None)

    def made(self, kind, singular, name, **fields):
        return self.one(kind, name) or self.cloud.call(
            "POST", "neutron", "/v2.0/" + kind, {singular: {"name": name, **fields}})[singular]

    def fill(self):
        self.fill_racks()
        home = self.made("networks", "network", "home", **{
            "provider:network_type": "vlan", "provider:physical_network": "everywhere", "provider:segmentation_id": 300})
        inside = self.subnet("home", home, "10.72.0")
        outside = self.made("networks", "network", "outside", **{
            "router:external": True, "provider:network_type": "flat", "provider:physical_network": "outside"})
        self.subnet("outside", outside, "203.0.113")
        if self.one("routers", "door") is None:
            router = self.made("routers", "router", "door", external_gateway_info={"network_id": outside["id"]})
            self.cloud.call("PUT", "neutron", "/v2.0/routers/%s/add_router_interface" % router["id"],
                            {"subnet_id": inside["id"]})

    def fill_racks(self):
        racks = self.made("networks", "network", "racks", shared=True, **{
            "provider:network_type": "vlan", "provider:physical_network": "rack-a", "provider:segmentation_id": 101})
        segments = {one["physical_network"]: one["id"] for one in self.listed("segments", network_id=racks["id"])}
        if "rack-b" not in segments:
            segments["rack-b"] = self.cloud.call("POST", "neutron", "/v2.0/segments", {"segment": {
                "name": "rack-b", "network_id": racks["id"], "network_type": "vlan", "physical_network": "rack-b",
                "segmentation_id": 102}})["segment"]["id"]
        for number, name in enumerate(("rack-a", "rack-b")):
            self.subnet(name, racks, "10.71.%d" % number, segment_id=segments[name])

    def subnet(self, name, network, start, **fields):
        return self.made("subnets", "subnet", name, network_id=network["id"], ip_version=4, cidr=start + ".0/24",
                         enable_dhcp=False, **fields)

    def float(self, server):
        """A floating address for the server's port."""
        [port] = self.listed("ports", device_id=server)
        return self.cloud.call("POST", "neutron", "/v2.0/floatingips", {"floatingip": {
            "floating_network_id": self.one("networks", "outside")["id"], "port_id": port["id"]}})["floatingip"]

    def floating(self, one):
        return self.cloud.call("GET", "neutron", "/v2.0/floatingips/" + one["id"])["floatingip"]
