"""A burst of requests, and what became of each that the API took."""

import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import requests

from tests.bench.cloud import Refused
from tests.chaos.ground import PATHS, Ground

# Two callers, each with a pause after each request, so that some requests come before the fault and some after it.
AT_ONCE, PAUSE_SECONDS = 2, 0.3
VERDICTS_AT_ONCE = 4
# How many of each noun a burst makes, and how many of the last one's it deletes.
CREATES = {"server": 4, "volume": 4, "port": 3, "floatingip": 2}
DELETES = {"server": 2, "volume": 2, "port": 2}
CARRIED_OUT, CAUSE, NEITHER = "carried out", "ERROR with a cause", "neither"


@dataclass(frozen=True)
class Taken:
    """A request that was answered with 2xx: to make a thing, or to delete it."""

    verb: str
    noun: str
    id: str


def send(ground: Ground, name: str, old: dict[str, list[str]]) -> tuple[list[Taken], int]:
    """Send the burst, `AT_ONCE` requests at a time; returns those that were taken, and how many were not."""
    wanted = [("create", noun, f"{name}-{number}") for noun, count in CREATES.items() for number in range(count)]
    wanted += [("delete", noun, row_id) for noun, count in DELETES.items() for row_id in old.get(noun, [])[:count]]
    # Makes and deletions mixed, always in the same way.
    wanted.sort(key=lambda each: (each[2][-1], each[1]))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(lambda each: _ask(ground, *each), wanted))
    taken = [answer for answer in answers if answer is not None]
    return taken, len(wanted) - len(taken)


def _ask(ground: Ground, verb: str, noun: str, what: str) -> Taken | None:
    """One request; None when it was refused, or nobody knows whether it was taken."""
    try:
        if verb == "delete":
            ground.member.request("DELETE", f"{PATHS[noun]}/{what}")
            return Taken(verb, noun, what)
        body = ground.body(noun, what)
        if noun == "floatingip":
            body[noun]["port_id"] = ground.anchors[int(what[-1]) % len(ground.anchors)]
        return Taken(verb, noun, ground.member.post(PATHS[noun], body)[noun]["id"])
    except Refused as refusal:
        # Only that which heals: a request that is wrong, or an answer that is, shows in the test.
        if ": 503 " not in str(refusal):
            raise
    except requests.RequestException:
        pass
    finally:
        time.sleep(PAUSE_SECONDS)
    return None


def verdicts(ground: Ground, taken: Iterable[Taken]) -> dict[Taken, str]:
    """For each request: CARRIED_OUT, CAUSE, or NEITHER with what was found instead."""
    taken = list(taken)
    with ThreadPoolExecutor(VERDICTS_AT_ONCE) as pool:
        return dict(zip(taken, pool.map(lambda each: _verdict(ground, each), taken), strict=True))


def _verdict(ground: Ground, each: Taken) -> str:
    path = f"{PATHS[each.noun]}/{each.id}"
    if ground.member.gone(path):
        return CARRIED_OUT if each.verb == "delete" else f"{NEITHER}: it is not there"
    row = ground.member.get(path)[each.noun]
    last = ground.admin.get(f"/tenrec/v1/operations?resource_id={each.id}&limit=1")["operations"]
    ended = last[0]["status"] if last else "no operation"
    healthy = {"server": "ACTIVE", "volume": "available", "port": "DOWN", "floatingip": "ACTIVE"}[each.noun]
    if each.verb == "create" and row["status"] == healthy and ended == "succeeded":
        return CARRIED_OUT
    cause = row.get("fault", {}).get("message") or (last and last[0]["reason"])
    if row["status"].lower().startswith("error") and cause:
        return f"{CAUSE}: {cause}"
    return f"{NEITHER}: {row['status']}, its operation {ended}"


def wait_until_settled(settled, seconds: float) -> float:
    """Ask until `settled()` is true; returns the seconds that took, or raises Refused."""
    began = time.monotonic()
    while not settled():
        if time.monotonic() - began > seconds:
            raise Refused(f"not everything has settled after {seconds:g} s")
        time.sleep(0.5)
    return time.monotonic() - began
