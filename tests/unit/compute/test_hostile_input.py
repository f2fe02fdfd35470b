"""Whatever is sent to a route of compute or placement, no answer is a 500, and each error has the API's own form."""

import random

import pytest
from flask import Flask

PREFIXES = ("/compute/v2.1/", "/placement/")
# What a type or a length was not foreseen for.
VALUES = [
    None,
    True,
    0,
    -1,
    2**31,
    2**62,
    1.5,
    "",
    " ",
    "x" * 70000,
    "{{ lookup('pipe', 'id') }}",
    "</name><devices/>",
    "'; DROP TABLE servers; --",
    "../../etc/passwd",
    "é\u202e\U0001f600",
    "a\u0000b",
    "\ud800",
    "%",
    "\\",
    [],
    {},
    [None],
    [[]],
    [{}],
    {"": ""},
    {"a": {"b": {"c": []}}},
]
BODIES = [
    {"server": {"name": "x", "imageRef": "x", "flavorRef": "1", "networks": [], "metadata": {}, "min_count": 1}},
    {
        "server": {
            "name": "x",
            "flavorRef": "1",
            "block_device_mapping_v2": [{"source_type": "volume"}],
            "user_data": "",
        }
    },
    {"server": {"name": "x", "accessIPv4": "", "OS-DCF:diskConfig": "AUTO", "security_groups": [{"name": "x"}]}},
    {"reboot": {"type": "SOFT"}},
    {"addSecurityGroup": {"name": "x"}},
    {"os-getConsoleOutput": {"length": 1}},
    {"os-start": None},
    {"metadata": {"a": "b"}},
    {"meta": {"a": "b"}},
    {"volumeAttachment": {"volumeId": "x", "device": "x"}},
    {"flavor": {"name": "x", "ram": 1, "vcpus": 1, "disk": 1, "id": "x", "swap": 0, "rxtx_factor": 1}},
    {"extra_specs": {"a": "b"}},
    {"addTenantAccess": {"tenant": "x"}},
    {"keypair": {"name": "x", "public_key": "x", "type": "ssh", "user_id": "x"}},
    {"quota_set": {"cores": 1, "force": True}},
    {"host": "node1", "binary": "nova-compute", "disabled_reason": "x"},
]
QUERIES = [
    "limit", "marker", "sort_key", "sort_dir", "name", "status", "image", "flavor", "ip", "ip6", "host", "uuid",
    "user_id", "changes-since", "deleted", "all_tenants", "project_id", "tenant_id", "minRam", "minDisk", "is_public",
    "start", "end", "detailed", "reserved", "power_state", "vm_state", "binary",
]  # fmt: skip


def mutated(value, chance: random.Random):
    """`value` with one of its parts, or all of it, replaced."""
    if isinstance(value, dict) and value and chance.random() < 0.8:
        key = chance.choice(list(value))
        return value | {key: mutated(value[key], chance)}
    if isinstance(value, list) and value and chance.random() < 0.8:
        return [mutated(value[0], chance), *value[1:]]
    return chance.choice(VALUES)


def routes(app: Flask) -> list[tuple[str, str]]:
    """Method and path of every route, its variables still in it."""
    rules = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith(PREFIXES)]
    return [(method, rule.rule) for rule in rules for method in sorted(rule.methods - {"HEAD", "OPTIONS"})]


@pytest.mark.parametrize("seed", range(3))
def test_no_request_gets_a_500(app, admin, client, make, seed):
    chance = random.Random(seed)
    server_id = make()
    for method, rule in routes(app) * 4:
        path = rule
        while "<" in path:
            before, _, rest = path.partition("<")
            known = [server_id, "1", "node1", client.project_id, "enable"]
            path = before + chance.choice([*known, "none", "%00", "%F0%9F%98%80", "x" * 300]) + rest.partition(">")[2]
        query = {chance.choice(QUERIES): str(chance.choice([*VALUES[3:14], "None", "2020-01-01"])) for _ in range(2)}
        options = {"query_string": query} if chance.random() < 0.5 else {}
        if method in ("POST", "PUT"):
            options["json"] = mutated(chance.choice(BODIES), chance)
        answer = chance.choice([admin, client]).send(method, path, **options)
        assert answer.status_code < 500 or answer.status_code == 501, (method, path, options, answer.json)
        if answer.status_code >= 400:
            (content,) = answer.json.values()
            assert content[0]["detail"] if path.startswith("/placement") else content["message"]
        if method == "DELETE" and answer.status_code == 204:
            server_id = make()
