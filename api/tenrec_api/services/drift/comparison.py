"""What is found when the hosts' answers are held against what the database wants. Pure: no database, no Ansible."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from typing import Any

from tenrec_api.models.finding import CHANGED, MISSING, ORPHANED

# The headers of modules' diffs begin with the kind of thing; for each of them what a finding calls it.
NOUNS = {
    "LogicalSwitch": "network",
    "LogicalRouter": "router",
    "LogicalPort": "port",
    "PortGroup": "security_group",
    "FloatingIp": "floating_ip",
    "ServerDomain": "server",
    "DomainVolume": "attachment",
    "VolumeTarget": "export",
    "ImageCache": "cached_image",
}
# What holds what a tenant wrote: a repair would put something empty in its place.
LOST = "is gone with all that was on it; a repair could only make an empty one, so this is for a person to decide"
DETAIL_CHARACTERS, VALUE_CHARACTERS = 1000, 80


@dataclass(frozen=True)
class Found:
    """One finding; see models.finding.Finding."""

    resource_type: str
    resource_id: str
    host: str
    problem: str
    detail: str
    repairable: bool = False

    @property
    def subject(self) -> tuple[str, str]:
        """What it is about."""
        return self.resource_type, self.resource_id


@dataclass(frozen=True)
class Known:
    """What the database knows, by id, whether it should be on a host now or not.

    `northbound`: for each noun of OVN the ids that have a row. `servers`: the host of each server that is not deleted,
    None when it is on none. `volumes` and `images`: those that must be there, and how large; `any_volumes` and
    `any_images`: all that have a row. `attached`: volumes that a server has or is about to have.
    """

    northbound: Mapping[str, Set[str]] = field(default_factory=dict)
    servers: Mapping[str, str | None] = field(default_factory=dict)
    deleted_servers: Set[str] = frozenset()
    volumes: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    any_volumes: Set[str] = frozenset()
    attached: Set[str] = frozenset()
    images: Mapping[str, int | None] = field(default_factory=dict)
    any_images: Set[str] = frozenset()


def of_diffs(diffs: Iterable[Mapping[str, Any]]) -> Iterator[Found]:
    """What playbooks in check mode would change: `host`, `before_header`, `before` and `after` of each."""
    for diff in diffs:
        kind, _blank, resource_id = str(diff.get("before_header", "")).partition(" ")
        if kind not in NOUNS:
            continue
        before, after = _document(diff.get("before")), _document(diff.get("after"))
        host, noun = str(diff.get("host", "")), NOUNS[kind]
        if noun == "server" and after.get("disk") and not before.get("disk"):
            yield Found(noun, resource_id, host, MISSING, f"its root disk {LOST}")
            continue
        # A server of which only the folder is left has a document, in which nothing is defined.
        gone = not before or (noun == "server" and before.get("definition") is None)
        problem = MISSING if gone else CHANGED
        yield Found(noun, resource_id, host, problem, _detail(before, after), repairable=True)


def _document(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _detail(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    if not before:
        return "it is not there"
    return "; ".join(_differences(before, after))[:DETAIL_CHARACTERS] or "it differs"


def _differences(before: Mapping[str, Any], after: Mapping[str, Any], where: str = "") -> Iterator[str]:
    for key in sorted({*before, *after}, key=str):
        name, old, new = f"{where}{key}", before.get(key), after.get(key)
        if old == new:
            continue
        if key not in before:
            yield f"{name} is not there"
        elif key not in after:
            yield f"{name} should not be there"
        elif isinstance(old, Mapping) and isinstance(new, Mapping):
            yield from _differences(old, new, f"{name}.")
        else:
            yield f"{name} is {_short(old)}, not {_short(new)}"


def _short(value: Any) -> str:
    text = "nothing" if value is None else str(value)
    return text if len(text) <= VALUE_CHARACTERS else f"{text[:VALUE_CHARACTERS]}…"


def of_survey(hosts: Mapping[str, Mapping[str, Any]], known: Known) -> Iterator[Found]:
    """What `hosts` hold (the facts of the playbook `reconcile` by host) that nobody knows, and what files they lack."""
    for host, facts in sorted(hosts.items()):
        for noun, ids in _document(facts.get("northbound")).items():
            for each in ids:
                if each not in known.northbound[noun]:
                    yield Found(noun, each, host, ORPHANED, "OVN's northbound database has it")
        if "images" in facts:
            yield from _images(host, facts["images"], known)
        if "volumes" in facts:
            yield from _volumes(host, facts["volumes"], known)
        for each in facts.get("exports", ()):
            if each not in known.attached:
                yield Found("export", each, host, ORPHANED, "it is exported, and attached to no server")
        yield from _servers(host, facts, known)


def _images(host: str, files: Collection[Mapping[str, Any]], known: Known) -> Iterator[Found]:
    sizes = {each["id"]: each["size"] for each in files}
    for image_id, size in known.images.items():
        if image_id not in sizes:
            yield Found("image", image_id, host, MISSING, f"its file {LOST}")
        elif size is not None and sizes[image_id] != size:
            yield Found("image", image_id, host, CHANGED, f"its file has {sizes[image_id]} bytes, not {size}")
    for image_id in sizes.keys() - known.any_images:
        yield Found("image", image_id, host, ORPHANED, "there is a file of it")


def _volumes(host: str, files: Collection[Mapping[str, Any]], known: Known) -> Iterator[Found]:
    sizes = {each["id"]: each["size"] for each in files}
    for volume_id, (node, size) in known.volumes.items():
        if node != host:
            continue
        if volume_id not in sizes:
            yield Found("volume", volume_id, host, MISSING, f"its file {LOST}")
        elif sizes[volume_id] != size:
            yield Found("volume", volume_id, host, CHANGED, f"its file has {sizes[volume_id]} bytes, not {size}")
    for volume_id in sizes.keys() - known.any_volumes:
        yield Found("volume", volume_id, host, ORPHANED, "there is a file of it")


def _servers(host: str, facts: Mapping[str, Any], known: Known) -> Iterator[Found]:
    domains = {each["id"] for each in facts.get("domains", ())}
    for server_id in sorted(domains | set(facts.get("server_folders", ()))):
        if known.servers.get(server_id) == host:
            continue
        what = "a domain of it runs or may run" if server_id in domains else "there are files of it"
        # What was a server of ours is removed as such; what never was one is not ours to touch.
        ours = server_id in known.deleted_servers or (server_id in known.servers and known.servers[server_id] is None)
        yield Found("server", server_id, host, ORPHANED, what, repairable=ours)
    for name in facts.get("stray_domains", ()):
        yield Found("domain", name, host, ORPHANED, "a libvirt domain that is no server's")
