"""What sends clients to servers in the cloud of .ci/openstack: Debian's Designate with BIND 9, and Octavia."""

import json
import time

PACKAGES = """designate-api designate-central designate-worker designate-mdns bind9
 octavia-api octavia-worker openssl python3-designateclient python3-octaviaclient""".split()

PORTS = {"designate": 11, "mdns": 12, "named": 13, "rndc": 14, "octavia": 15}

SERVICES = (("designate", "dns", "designate", ""), ("octavia", "load-balancer", "octavia", ""))

PARTS = ("designate-central", "designate-mdns", "designate-worker", "octavia-worker")

POOL = "794ccc2c-d751-44fe-b57f-8894c9f5c842"  # the one that designate-central takes unless told otherwise


def configure(rig, write):
    """Files for Designate, BIND and Octavia."""
    broker = "rabbit://rig:%s@127.0.0.1:%d/" % (rig.password, rig.ports["amqp"])
    for folder in ("designate", "named", "octavia"):
        (rig.data / folder).mkdir(parents=True, exist_ok=True)
    for name in ("designate", "octavia"):
        (rig.etc / name / "policy.d").mkdir(parents=True, exist_ok=True)
    write(rig.etc / "designate" / "api-paste.ini", open("/etc/designate/api-paste.ini", encoding="utf-8").read())
    write(rig.etc / "designate" / "designate.conf", f"""[DEFAULT]
transport_url = {broker}
state_path = {rig.data}/designate
[oslo_concurrency]
lock_path = {rig.data}/designate
[oslo_policy]
policy_dirs = {rig.etc}/designate/policy.d
[storage:sqlalchemy]
connection = {rig.sql("designate")}
[service:api]
api_paste_config = {rig.etc}/designate/api-paste.ini
api_base_uri = {rig.url("designate", "/")}
[service:central]
workers = 1
[service:worker]
workers = 1
[service:mdns]
workers = 1
listen = 127.0.0.1:{rig.ports["mdns"]}
{rig.token_section()}""")
    # Nothing of Octavia's is played but what it would make: its amphorae, and what these need of Nova and Neutron
    certificates = rig.etc / "octavia"
    write(rig.etc / "octavia" / "octavia.conf", f"""[DEFAULT]
transport_url = {broker}
[api_settings]
auth_strategy = keystone
default_provider_driver = amphora
enabled_provider_drivers = amphora:no amphora at all
[oslo_policy]
policy_dirs = {rig.etc}/octavia/policy.d
[database]
connection = {rig.sql("octavia")}
[oslo_messaging]
topic = octavia_prov
[controller_worker]
workers = 1
amphora_driver = amphora_noop_driver
compute_driver = compute_noop_driver
network_driver = network_noop_driver
volume_driver = volume_noop_driver
image_driver = image_noop_driver
amp_active_wait_sec = 1
client_ca = {certificates}/ca.pem
[certificates]
ca_certificate = {certificates}/ca.pem
ca_private_key = {certificates}/ca.key
ca_private_key_passphrase = {rig.password}
server_certs_key_passphrase = {rig.password}
[health_manager]
heartbeat_key = {rig.password}
[house_keeping]
{rig.token_section()}""")
    write(rig.etc / "octavia" / "octavia.wsgi", "from octavia.api import app\n"
          'application = app.setup_app(argv=["octavia-api", "--config-file", "%s", "--log-file", "%s"])\n' % (
              rig.etc / "octavia" / "octavia.conf", rig.log / "octavia-api.log"))
    write(rig.etc / "designate" / "pools.yaml", json.dumps([{
        "name": "default", "id": POOL, "description": "BIND", "attributes": {},
        "ns_records": [{"hostname": "ns.penumbra.test.", "priority": 1}],
        "nameservers": [{"host": "127.0.0.1", "port": rig.ports["named"]}],
        "targets": [{"type": "bind9", "description": "BIND",
                     "masters": [{"host": "127.0.0.1", "port": rig.ports["mdns"]}],
                     "options": {"host": "127.0.0.1", "port": rig.ports["named"], "rndc_host": "127.0.0.1",
                                 "rndc_port": rig.ports["rndc"], "rndc_bin_path": "/usr/sbin/rndc",
                                 "rndc_config_file": str(rig.etc / "named" / "rndc.conf")}}]}]))
    # a hexadecimal number is a key in base 64, too
    key = 'key "rndc" { algorithm hmac-sha256; secret "%s"; };\n' % rig.password
    write(rig.etc / "named" / "rndc.conf", key + 'options { default-key "rndc"; };\n')
    write(rig.etc / "named" / "named.conf", key + f"""options {{
  directory "{rig.data}/named"; pid-file none; session-keyfile "{rig.data}/named/session.key";
  listen-on port {rig.ports["named"]} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
  recursion no; dnssec-validation no; notify no; allow-query {{ any; }}; allow-new-zones yes;
}};
controls {{ inet 127.0.0.1 port {rig.ports["rndc"]} allow {{ 127.0.0.1; }} keys {{ "rndc"; }}; }};
""")


def databases(rig):
    """Names of databases, and what fills them."""
    designate = "designate-manage --config-file %s/designate/designate.conf " % rig.etc
    octavia = "octavia-db-manage --config-file %s/octavia/octavia.conf " % rig.etc
    certificate = ("openssl req -x509 -newkey rsa:2048 -days 30 -subj /CN=rig -passout pass:%s -keyout %s/octavia/ca.key"
                   " -out %s/octavia/ca.pem" % (rig.password, rig.etc, rig.etc))
    return ("designate", "octavia"), {"designate": [designate + "database sync"],
                                      "octavia": [certificate, octavia + "upgrade head"]}


def start(rig, name):
    """Starts one of PARTS."""
    family = name.split("-")[0]
    rig.start(name, "/usr/bin/" + name, "--config-file", rig.etc / family / (family + ".conf"),
              "--log-file", rig.log / (name + ".log"))


def up(rig):
    """Everything here, after the databases, RabbitMQ and Keystone."""
    rig.start("named", "/usr/sbin/named", "-f", "-4", "-n", "1", "-c", rig.etc / "named" / "named.conf")
    for name in PARTS:
        start(rig, name)
    rig.start_api("designate-api", "/usr/bin/designate-api-wsgi", 1)
    rig.start_api("octavia-api", rig.etc / "octavia" / "octavia.wsgi", 1)


def fill(rig):
    """Tells Designate of its name server; designate-central has to hear it."""
    rig.once("designate-manage", "--config-file", rig.etc / "designate" / "designate.conf", "pool", "update",
             "--file", rig.etc / "designate" / "pools.yaml")


class Entrance:
    """A name and a load balancer of the administrator's project, by which clients find a server."""

    NAME = "web.tenant.test."
    PORT = 8080

    def __init__(self, rig, cloud, subnet, until):
        self.rig, self.cloud, self.until = rig, cloud, until
        zone = self.named("designate", "/v2/zones", "zones", "tenant.test.") or cloud.call(
            "POST", "designate", "/v2/zones", {"name": "tenant.test.", "email": "a@tenant.test"})
        self.recordsets = "/v2/zones/%s/recordsets" % zone["id"]
        balancer = self.made("/v2.0/lbaas/loadbalancers", "loadbalancer", name="front", vip_subnet_id=subnet)
        self.balancer = "/v2.0/lbaas/loadbalancers/" + balancer["id"]
        self.until(self.takes_changes, 60, "the load balancer is there")
        pool = self.made("/v2.0/lbaas/pools", "pool", name="web", loadbalancer_id=balancer["id"], protocol="TCP",
                         lb_algorithm="ROUND_ROBIN")
        self.until(self.takes_changes, 60, "its pool is there")
        self.members = "/v2.0/lbaas/pools/%s/members" % pool["id"]
        record = self.named("designate", self.recordsets, "recordsets", self.NAME) or cloud.call(
            "POST", "designate", self.recordsets, {"name": self.NAME, "type": "A", "ttl": 5, "records": ["10.71.9.9"]})
        self.record = self.recordsets + "/" + record["id"]
        self.metadata = {"penumbra:names": "%s/%s" % (zone["id"], record["id"]),
                         "penumbra:pools": "%s:%d" % (pool["id"], self.PORT)}

    def named(self, service, path, key, name):
        return next((one for one in self.cloud.call("GET", service, path)[key] if one["name"] == name), None)

    def made(self, path, kind, **fields):
        return self.named("octavia", path, kind + "s", fields["name"]) or self.cloud.call(
            "POST", "octavia", path, {kind: fields})[kind]

    def takes_changes(self):
        return self.cloud.call("GET", "octavia", self.balancer)["loadbalancer"]["provisioning_status"] == "ACTIVE"

    def lead_to(self, address):
        """As its owner would do it, when the server is new."""
        self.cloud.call("PUT", "designate", self.record, {"records": [address]})
        self.cloud.call("POST", "octavia", self.members, {"member": {
            "name": "web", "address": address, "protocol_port": self.PORT, "weight": 7}})
        self.until(lambda: self.shown() == ([address], [address], [(address, 7)]), 90, "both lead to %s" % address)

    def turned(self, old, turn):
        """Whether nothing leads to that address any more; notes when each was first seen to lead elsewhere."""
        shown = self.shown()
        for what, addresses in zip(("Octavia's members", "BIND", "Designate"), (
                [address for address, _ in shown[2]], shown[0], shown[1])):
            if addresses and old not in addresses:
                turn.setdefault(what, time.time())
        return len(turn) == 3

    def shown(self):
        """Addresses: what BIND answers, what Designate has published, and Octavia's members with their weights."""
        record = self.cloud.call("GET", "designate", self.record)
        members = self.cloud.call("GET", "octavia", self.members)["members"]
        return (ask_name_server(self.rig, self.NAME), record["records"] if record["status"] == "ACTIVE" else [],
                [(one["address"], one["weight"]) for one in members if not one["provisioning_status"].startswith("PENDING")])


def ask_name_server(rig, name):
    """The addresses that BIND itself answers with, sorted."""
    import dns.message
    import dns.query
    answer = dns.query.udp(dns.message.make_query(name, "A"), "127.0.0.1", port=rig.ports["named"], timeout=60)
    return sorted(one.to_text() for records in answer.answer for one in records)
