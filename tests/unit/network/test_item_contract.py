"""What the workflows hand out is what the modules take: checked against the modules' own specs and row builders."""

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.tenrec.cloud.plugins.module_utils import (
    floating_rows,
    port_rows,
    router_rows,
    security_rows,
    switch_rows,
)
from ansible_collections.tenrec.cloud.plugins.modules import (
    floating_ip,
    logical_port,
    logical_router,
    logical_switch,
    port_group,
)

MODULES = {
    "network_apply": (logical_switch.LogicalSwitch, switch_rows.switch_document),
    "router_apply": (logical_router.LogicalRouter, lambda item: router_rows.router_document(item, ["gateway1"], {})),
    "port_apply": (logical_port.LogicalPort, lambda item: port_rows.port_document(item, {})),
    "security_group_apply": (port_group.PortGroup, security_rows.group_document),
    "floating_ip_apply": (floating_ip.FloatingIp, floating_rows.floating_document),
}
ID = {"id": {"type": "str", "required": True}}


def test_every_item_is_understood(member, operator, public, private, router, run):
    slaac = member.subnet(private, "fd00::/64", ipv6_address_mode="slaac", ipv6_ra_mode="slaac")
    member.put(f"routers/{router['id']}/add_router_interface", {"subnet_id": slaac["id"]})
    member.change(
        f"subnets/{private['subnet']['id']}",
        "subnet",
        dns_nameservers=["9.9.9.9"],
        host_routes=[{"destination": "10.7.0.0/16", "nexthop": "10.0.0.9"}],
    )
    route = {"destination": "10.8.0.0/16", "nexthop": "10.0.0.9"}
    member.change(f"routers/{router['id']}", "router", routes=[route])
    group = member.make("security-groups", "security_group", name="web")
    for attributes in (
        {"protocol": "tcp", "port_range_min": 80, "port_range_max": 81, "remote_ip_prefix": "198.51.100.7/24"},
        {"protocol": "icmp", "port_range_min": 8},
        {"protocol": "icmpv6", "ethertype": "IPv6", "remote_ip_prefix": "fd00::7"},
        {"protocol": "47"},
        {"protocol": "vrrp", "remote_group_id": group["id"]},
    ):
        body = {"security_group_id": group["id"], "direction": "ingress", **attributes}
        member.make("security-group-rules", "security_group_rule", **body)
    pairs = [{"ip_address": "10.0.0.200"}, {"ip_address": "10.9.0.0/16", "mac_address": "fa:16:3e:00:00:09"}]
    port = member.port(private, security_groups=[group["id"]], allowed_address_pairs=pairs)
    member.port(private, port_security_enabled=False, fixed_ips=[])
    bound = member.make("floatingips", "floatingip", floating_network_id=public["id"], port_id=port["id"])
    items = run()
    member.change(f"floatingips/{bound['id']}", "floatingip", port_id=None)
    items += run()
    for kind, item in items:
        module, document = MODULES[kind]
        assert ArgumentSpecValidator(ID | module.item_spec).validate(item).error_messages == [], kind
        # The rows are built: no address, protocol or name in the item is one that the module would refuse.
        assert document(item) or (kind == "floating_ip_apply" and item["router_id"] is None)
    assert {kind for kind, _ in items} == set(MODULES)
