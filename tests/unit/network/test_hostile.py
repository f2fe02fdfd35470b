"""Whatever is sent, no request ends in a 500, and what a tenant typed comes back as it was typed."""

import pytest

ROOT = "/network/v2.0"
TEXTS = [
    "{{ lookup('pipe', 'id') }}",
    "</name><devices/>",
    "; rm -rf / #",
    "../../etc/passwd",
    "' OR 1=1 --",
    "$(id) `id` %s %n",
    "ünïcödé 🦔 \u202e",
    "line\nbreak\ttab",
    "__ansible_unsafe",
]
VALUES = [
    None, True, -1, 0, 2**31, 2**63, 1e300, "", " ", "x" * 256, "x" * 100_000, "0", "::1", "1.2.3.4", "10.0.0.0/8",
    "::/0",
    "0.0.0.0", "%", "true", "\ud800", "a\0b", [], [None], ["x"], [[]], [{}], [{"ip_address": None}], {}, {"x": "y"},
    {"network_id": None}, {"network_id": 7}, [{"start": "1.1.1.1", "end": "::1"}], [{"ip_address": "::1"}],
    [{"destination": "::/0", "nexthop": "1.1.1.1"}],
    "normal", [False], 1, "fe80::1%eth0", "0f7e4fd5-3bd6-4ad8-a4b2-6f0f5a5a5a5a",
]  # fmt: skip


@pytest.mark.parametrize("text", TEXTS)
def test_text_comes_back_verbatim_and_reaches_the_playbook_so(member, run, text):
    network = member.network(name=text, description=text)
    assert (network["name"], network["description"]) == (text, text)
    assert dict(run())["network_apply"]["name"] == text
    found = member.caller.get(f"{ROOT}/networks", query_string={"name": text}).json["networks"]
    assert [each["id"] for each in found] == [network["id"]]


@pytest.mark.parametrize("text", ["nul \0", "x" * 256, 7, ["a"], {"a": "b"}, None, "\ud800"])
def test_what_is_no_name_is_refused_with_a_reason(member, text):
    assert member.make("networks", "network", 400, name=text)["message"]


def _bodies(private: dict, public: dict, router: dict) -> dict[str, tuple[str, dict]]:
    """For each noun its envelope and a body that is accepted."""
    network = {"network_id": private["id"]}
    return {
        "networks": ("network", {"name": "n"}),
        "subnets": ("subnet", {**network, "cidr": "10.6.0.0/24", "ip_version": 4}),
        "ports": ("port", network),
        "routers": ("router", {"name": "r"}),
        "security-groups": ("security_group", {"name": "g"}),
        "floatingips": ("floatingip", {"floating_network_id": public["id"]}),
    }


ATTRIBUTES = {
    "networks": "name description admin_state_up shared router:external is_default mtu port_security_enabled "
    "project_id provider:network_type provider:physical_network provider:segmentation_id dns_domain unknown",
    "subnets": "name description network_id cidr ip_version gateway_ip enable_dhcp allocation_pools dns_nameservers "
    "host_routes ipv6_address_mode ipv6_ra_mode subnetpool_id prefixlen service_types tenant_id unknown",
    "ports": "name description network_id mac_address admin_state_up device_id device_owner fixed_ips security_groups "
    "allowed_address_pairs port_security_enabled binding:host_id binding:profile binding:vnic_type unknown",
    "routers": "name description admin_state_up external_gateway_info distributed ha routes unknown",
    "security-groups": "name description stateful project_id unknown",
    "floatingips": "floating_network_id floating_ip_address subnet_id port_id fixed_ip_address description unknown",
}


@pytest.mark.parametrize("noun", ATTRIBUTES)
def test_no_value_of_any_attribute_is_an_unexpected_error(operator, private, public, router, noun):
    """Of POST and PUT, by an admin, who may set everything."""
    key, accepted = _bodies(private, public, router)[noun]
    made = operator.make(noun, key, **accepted)
    operator.change(
        f"quotas/{operator.caller.project_id}", "quota", router=-1, floatingip=-1, network=-1, security_group=-1
    )
    for attribute in ATTRIBUTES[noun].split():
        for value in VALUES:
            for send, path, body in (
                (operator.caller.post, noun, {**accepted, attribute: value}),
                (operator.caller.put, f"{noun}/{made['id']}", {attribute: value}),
            ):
                answer = send(f"{ROOT}/{path}", json={key: body})
                assert answer.status_code < 500, (path, attribute, value, answer.get_data(as_text=True)[:300])
                if answer.status_code >= 400:
                    assert answer.json["NeutronError"]["message"]


RULE = [
    "direction",
    "ethertype",
    "protocol",
    "port_range_min",
    "port_range_max",
    "remote_ip_prefix",
    "remote_group_id",
    "description",
]


@pytest.mark.parametrize("attribute", ["security_group_id", *RULE])
def test_no_value_in_a_rule_is_an_unexpected_error(member, attribute):
    group = member.make("security-groups", "security_group", name="g")
    for value in [*VALUES, "tcp", "icmp", "icmpv6", 255, 256, "1.2.3.4/33", "1.2.3.4/255.255.0.0"]:
        body = {"security_group_id": group["id"], "direction": "ingress", "protocol": "udp", attribute: value}
        answer = member.caller.post(f"{ROOT}/security-group-rules", json={"security_group_rule": body})
        assert answer.status_code < 500, (value, answer.get_data(as_text=True)[:300])


@pytest.mark.parametrize(
    "body", ["{", "[]", "null", '"x"', "7", "{}", '{"network": null}', '{"network": []}', "\xff", ""]
)
@pytest.mark.parametrize("path", ["networks", "subnets", "ports", "routers", "floatingips", "security-group-rules"])
def test_what_is_no_envelope_is_a_400(member, path, body):
    answer = member.caller.post(f"{ROOT}/{path}", data=body.encode("latin-1"), content_type="application/json")
    assert answer.status_code == 400
    assert answer.json["NeutronError"]["message"]


@pytest.mark.parametrize("row", ["x", "0f7e4fd5-3bd6-4ad8-a4b2-6f0f5a5a5a5a", "x" * 5000, "%00", "..", "ünï", "'"])
def test_ids_that_nothing_has(member, row):
    for path in (
        f"networks/{row}",
        f"ports/{row}",
        f"routers/{row}/add_router_interface",
        f"networks/{row}/tags/{row}",
    ):
        for send in (member.caller.get, member.caller.delete, member.caller.put):
            assert send(f"{ROOT}/{path}", **({"json": {}} if send == member.caller.put else {})).status_code in (
                400,
                404,
                405,
            )
