"""Lists: filters, pages, order, and only the fields asked for."""

import pytest
from sqlalchemy import event


def names(body: dict) -> list[str]:
    return [network["name"] for network in body["networks"]]


@pytest.fixture
def three(member) -> list[dict]:
    return [member.network(name=name, description=f"{name} network") for name in ("a", "b", "c")]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["a", "b", "c"]),
        ("name=b", ["b"]),
        ("name=c&name=a", ["a", "c"]),
        ("name=", []),
        ("name=b&description=a+network", []),
        ("admin_state_up=True", ["a", "b", "c"]),
        ("shared=0", ["a", "b", "c"]),
        ("router:external=True", []),
        ("mtu=1442", ["a", "b", "c"]),
        ("status=ACTIVE", []),
        ("sort_key=name&sort_dir=desc", ["c", "b", "a"]),
        ("sort_key=status,name&sort_dir=asc,desc", ["c", "b", "a"]),
        ("limit=2", ["a", "b"]),
        ("limit=0", ["a", "b", "c"]),
        ("name=%27+OR+1=1+--", []),
        ("provider:network_type=geneve", []),
    ],
)
def test_filters_and_order(member, three, query, found):
    assert names(member.get(f"networks?{query}")) == found


@pytest.mark.parametrize(
    "query",
    [
        "nonsense=1",
        "admin_state_up=perhaps",
        "mtu=large",
        "sort_key=password",
        "sort_key=name&sort_dir=up",
        "marker=0f7e4fd5-3bd6-4ad8-a4b2-6f0f5a5a5a5a",
        "limit=-1",
        "limit=x",
    ],
)
def test_what_would_be_ignored_or_misread_is_refused(member, three, query):
    member.get(f"networks?{query}", 400)


def test_pages_follow_their_links(member, three):
    seen, path = [], "networks?limit=2&sort_key=name"
    while path:
        body = member.get(path)
        seen += names(body)
        links = body.get("networks_links", [])
        assert [link["rel"] for link in links] in ([], ["next"])
        path = links[0]["href"].partition("/network/v2.0/")[2] if links else None
    assert seen == ["a", "b", "c"]


def test_pages_backwards(member, three):
    body = member.get(f"networks?limit=1&sort_key=name&page_reverse=True&marker={three[2]['id']}")
    assert names(body) == ["b"]
    assert body["networks_links"][0]["rel"] == "previous"


def test_only_the_fields_asked_for(member, three):
    assert member.get("networks?fields=id&fields=name&name=a")["networks"] == [{"id": three[0]["id"], "name": "a"}]
    assert member.get(f"networks/{three[0]['id']}?fields=mtu")["network"] == {"mtu": 1442}


def test_ports_by_address_device_and_group(member, private, router):
    port = member.port(private, fixed_ips=[{"ip_address": "10.0.0.50"}], device_id="vm")
    subnet = private["subnet"]["id"]

    def found(query: str) -> int:
        ports = member.get(f"ports?{query}")["ports"]
        assert all(each["id"] == port["id"] for each in ports if len(ports) == 1)
        return len(ports)

    assert found("fixed_ips=ip_address=10.0.0.50") == 1
    assert found(f"fixed_ips=ip_address=10.0.0.50&fixed_ips=subnet_id={subnet}") == 1
    assert found(f"fixed_ips=subnet_id={subnet}") == 2
    assert found("fixed_ips=ip_address=10.0.0.51") == 0
    assert found("device_id=vm") == 1
    assert found("device_owner=") == 1
    assert found(f"security_groups={port['security_groups'][0]}") == 1
    assert found(f"mac_address={port['mac_address'].upper()}") == 1
    assert found("binding:host_id=") == 0
    member.get("ports?fixed_ips=colour=red", 400)


def test_tags(member, private):
    path = f"networks/{private['id']}"
    assert member.put(f"{path}/tags", {"tags": ["red", "new", "red"]}) == {"tags": ["new", "red"]}
    member.put(f"{path}/tags", {"tags": ["a,b"]}, 400)
    member.put(f"{path}/tags", {"tags": ["x" * 61]}, 400)
    member.network(name="other")
    for query, found in {
        "tags=red": ["private"],
        "tags=red,new": ["private"],
        "tags=red,blue": [],
        "tags-any=red,blue": ["private"],
        "not-tags=red": ["other"],
        "not-tags-any=blue,green": ["private", "other"],
        "tags=re": [],
        "tags=%22": [],
    }.items():
        assert names(member.get(f"networks?{query}")) == found, query
    member.caller.put(f"/network/v2.0/{path}/tags/blue")
    assert member.get(f"{path}/tags")["tags"] == ["blue", "new", "red"]
    assert member.caller.get(f"/network/v2.0/{path}/tags/blue").status_code == 204
    member.delete(f"{path}/tags/blue")
    member.delete(f"{path}/tags/blue", 404)
    member.delete(f"{path}/tags")
    assert member.get(path)["network"]["tags"] == []
    member.get(f"quotas/{private['id']}/tags", 404)


@pytest.mark.parametrize("collection", ["networks", "subnets", "ports", "routers", "security-groups", "floatingips"])
def test_a_long_list_takes_as_many_queries_as_a_short_one(app, member, public, private, router, collection):
    engine = app.extensions["tenrec"].sessions().get_bind()
    statements = []
    event.listen(engine, "before_cursor_execute", lambda *arguments: statements.append(arguments[2]))

    def count() -> int:
        del statements[:]
        member.get(collection)
        return len(statements)

    def grow(number: int) -> None:
        network = member.network(name=f"n{number}")
        subnet = member.subnet(network, f"10.{number}.0.0/24")
        member.port(network)
        member.make("security-groups", "security_group", name=f"g{number}")
        member.make("floatingips", "floatingip", floating_network_id=public["id"])
        made = member.router(external_gateway_info={"network_id": public["id"]})
        member.put(f"routers/{made['id']}/add_router_interface", {"subnet_id": subnet["id"]})

    grow(1)
    before = count()
    for number in range(2, 6):
        grow(number)
    assert count() == before
