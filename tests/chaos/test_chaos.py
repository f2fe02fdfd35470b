"""Whatever dies in the middle of a burst: each request that was taken is carried out, or ends in ERROR with a cause."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest

from tests.acceptance.host import Host
from tests.bench.cloud import wait
from tests.chaos import burst, remains
from tests.chaos.burst import CARRIED_OUT, CAUSE
from tests.chaos.conftest import Result
from tests.chaos.faults import FAULTS, OTHER_DAEMONS, Fault, daemon
from tests.chaos.ground import PATHS, Ground

# How long after the first request the fault strikes: some runs have begun, some requests are still to come.
STRIKE_SECONDS = 0.7
SETTLE_SECONDS = 300
# How often a worker looks by itself, and what the look and a busy machine may take.
POLL_SECONDS, SLACK_SECONDS = 2.0, 1.0


@pytest.fixture(scope="module")
def old() -> dict[str, list[str]]:
    """By noun, the ids of what the burst before has left to be deleted by the next one."""
    return {}


def test_the_calm(ground: Ground, host: Host, results: list[Result], old: dict[str, list[str]]):
    """Without a fault everything is carried out; what it takes is there to compare."""
    result = _burst(ground, host, Fault("none", lambda host: None), old)
    results.append(result)
    assert (result.with_cause, result.refused, result.stuck, result.orphans) == (0, 0, 0, 0)


@pytest.mark.parametrize("fault", FAULTS, ids=[fault.name for fault in FAULTS])
def test_a_fault(ground: Ground, host: Host, results: list[Result], old: dict[str, list[str]], fault: Fault):
    result = _burst(ground, host, fault, old)
    results.append(result)
    assert (result.stuck, result.orphans) == (0, 0)
    assert result.requests == result.carried_out + result.with_cause


def test_without_the_broker_a_request_waits_for_the_next_look_at_most(ground: Ground, host: Host):
    """One request at a time, so that none waits for another: the worker has only its polling to learn of it."""
    host("systemctl", "stop", "rabbitmq-server")
    try:
        waits = [_wait_for_the_worker(ground, number) for number in range(5)]
    finally:
        host("systemctl", "start", "rabbitmq-server")
    print("seconds until the worker began:", waits)
    assert max(waits) < POLL_SECONDS + SLACK_SECONDS
    ground.clear()


def _wait_for_the_worker(ground: Ground, number: int) -> float:
    """Seconds from a request to the begin of its operation, by the cloud's own clock."""
    port_id = ground.member.post(PATHS["port"], ground.body("port", f"lone-{number}"))["port"]["id"]
    path = f"/tenrec/v1/operations?resource_id={port_id}"
    wait(
        lambda: ground.admin.get(path)["operations"][0]["finished_at"], "the end of the operation", SETTLE_SECONDS, 0.2
    )
    operation = ground.admin.get(path)["operations"][0]
    created, started = (datetime.fromisoformat(operation[name]) for name in ("created_at", "started_at"))
    return round((started - created).total_seconds(), 2)


@pytest.mark.parametrize("unit", OTHER_DAEMONS)
def test_a_daemon_that_was_killed_comes_back(ground: Ground, host: Host, unit: str):
    """By itself; and a server can be made again at once."""
    fault = daemon(unit, unit)
    fault.strike(host)
    fault.heal(host)
    server_id = ground.member.post(PATHS["server"], ground.body("server", unit))["server"]["id"]
    wait(lambda: ground.member.status(server_id) == "ACTIVE", f"a server after the end of {unit}", SETTLE_SECONDS, 0.3)
    ground.clear()


def _burst(ground: Ground, host: Host, fault: Fault, old: dict[str, list[str]]) -> Result:
    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(burst.send, ground, fault.name.replace(" ", "-"), old)
        time.sleep(STRIKE_SECONDS)
        began = time.monotonic()
        try:
            fault.strike(host)
        finally:
            fault.heal(host)
        taken, refused = sending.result()
    project_id = ground.member.project_id
    burst.wait_until_settled(lambda: remains.unfinished(host, project_id) == 0, SETTLE_SECONDS)
    seconds = time.monotonic() - began
    verdicts = burst.verdicts(ground, taken)
    for each, verdict in verdicts.items():
        if verdict != CARRIED_OUT:
            print(f"{fault.name}: {each.verb} {each.noun} {each.id}: {verdict}")
    found = remains.orphans(host)
    print("orphans:", found)
    carried_out = sum(verdict == CARRIED_OUT for verdict in verdicts.values())
    with_cause = sum(verdict.startswith(CAUSE) for verdict in verdicts.values())
    _keep_some(ground, taken, verdicts, old)
    stuck = remains.unfinished(host, project_id)
    return Result(fault.name, len(taken), refused, carried_out, with_cause, stuck, len(found), seconds)


def _keep_some(ground: Ground, taken: list, verdicts: dict, old: dict[str, list[str]]) -> None:
    """Leave to the next burst what it deletes, and remove everything else."""
    for noun, count in burst.DELETES.items():
        made = [each.id for each in taken if (each.verb, each.noun) == ("create", noun)]
        old[noun] = [each for each in made if verdicts[burst.Taken("create", noun, each)] == CARRIED_OUT][:count]
    ground.clear(spared={each for ids in old.values() for each in ids})
