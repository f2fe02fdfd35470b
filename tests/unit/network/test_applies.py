"""One run brings all changes that were asked for before it began."""


def rule(member, group: dict, port: int, **attributes) -> dict:
    body = {"direction": "ingress", "protocol": "tcp", "port_range_min": port, "port_range_max": port, **attributes}
    return member.make("security-group-rules", "security_group_rule", security_group_id=group["id"], **body)


def kinds(operations) -> list[str]:
    return [operation.kind for operation in operations()]


def test_rules_added_in_a_row_take_one_run(member, operations, run):
    member.get("security-groups")
    run()
    group = member.make("security-groups", "security_group", name="web")
    for port in (22, 80, 443):
        rule(member, group, port)
    assert kinds(operations) == ["security_group_apply"]
    ((_, item),) = run()
    assert [each["port_range_min"] for each in item["rules"]] == [None, None, 22, 80, 443]
    rule(member, group, 8080)
    assert kinds(operations) == ["security_group_apply"]


def test_a_network_and_its_subnets_take_one_run(member, operations, run):
    network = member.network()
    member.subnet(network)
    member.subnet(network, "fd00::/64")
    assert kinds(operations) == ["network_apply"]
    ((_, item),) = run()
    assert [subnet["cidr"] for subnet in item["subnets"]] == ["10.0.0.0/24", "fd00::/64"]


def test_a_run_that_has_begun_does_not_count(member, operations, session):
    network = member.network()
    (begun,) = operations()
    begun.enter("running")
    begun.attempts = 1
    session.commit()
    member.subnet(network)
    assert kinds(operations) == ["network_apply"]
    assert operations()[0].id != begun.id


def test_a_rule_that_names_a_newer_group_takes_a_run_after_that_groups(member, operations):
    first = member.make("security-groups", "security_group", name="first")
    second = member.make("security-groups", "security_group", name="second")
    rule(member, first, 22, remote_group_id=second["id"])
    order = [operation.resource_id for operation in operations()]
    assert order[-3:] == [first["id"], second["id"], first["id"]]
    rule(member, first, 23, remote_group_id=second["id"])
    assert [operation.resource_id for operation in operations()] == order
