"""Configuration: one TOML file, read once at the start of a process.

The file is named by the environment variable ``TENREC_CONFIG`` (default ``/etc/tenrec/api.toml``). Every value has the
unit in its name. A missing or misspelt key is an error that names the key. The compute nodes may be in a file
``compute_nodes.toml`` beside it, so that another one restarts nothing.
"""

import os
import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

DEFAULT_PATH = "/etc/tenrec/api.toml"


@dataclass(frozen=True)
class Api:
    """Where clients reach the cloud and how much they may send."""

    public_url: str = "https://localhost"
    region: str = "RegionOne"
    max_body_bytes: int = 4 * 1024 * 1024


@dataclass(frozen=True)
class Database:
    """The only truth. ``url`` is a SQLAlchemy URL."""

    url: str = "sqlite://"
    pool_size: int = 8


@dataclass(frozen=True)
class Broker:
    """The doorbell. Empty ``url``: nobody is rung, the worker only polls."""

    url: str = ""
    queue: str = "tenrec"


@dataclass(frozen=True)
class Cache:
    """The memcached servers, ``host:port``; none: nothing is cached."""

    servers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Identity:
    """Tokens: the folder of Fernet keys and how long a token lives."""

    fernet_key_directory: str = "/etc/tenrec/fernet-keys"
    token_lifetime_seconds: int = 4 * 3600


@dataclass(frozen=True)
class Images:
    """Where image files are kept on the controller and how large one may be."""

    directory: str = "/var/lib/tenrec/images"
    max_bytes: int = 64 * 1024**3


@dataclass(frozen=True)
class Network:
    """What a tenant network is like underneath."""

    tenant_mtu: int = 1442
    physical_mtu: int = 1500
    physical_networks: tuple[str, ...] = ("external",)
    dns_nameservers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Volumes:
    """The storage node and how its exports are reached from compute nodes."""

    portal_host: str = "127.0.0.1"
    portal_port: int = 3260
    capacity_gib: int = 20


@dataclass(frozen=True)
class ComputeNode:
    """A compute node and what of it may be given to servers."""

    name: str
    vcpus: int
    memory_mib: int
    disk_gib: int
    cpu_allocation_ratio: float = 4.0
    memory_allocation_ratio: float = 1.0
    disk_allocation_ratio: float = 1.0


@dataclass(frozen=True)
class Worker:
    """The worker and its playbook runs."""

    inventory: str = "/etc/tenrec/inventory.yml"
    ansible_config: str = "/etc/tenrec/ansible.cfg"
    collections_path: str = "/usr/share/tenrec/collections"
    run_directory: str = "/run/tenrec/runs"
    archive_directory: str = "/var/lib/tenrec/runs"
    archive_runs: int = 500
    archive_days: int = 30
    concurrent_runs: int = 2
    warm: bool = True
    poll_seconds: float = 2.0
    lease_seconds: int = 30
    operation_seconds: int = 3600
    observe_seconds: int = 10
    reconcile_seconds: int = 600
    operation_days: int = 90


@dataclass(frozen=True)
class Config:
    """All settings of the API and the worker."""

    api: Api = field(default_factory=Api)
    database: Database = field(default_factory=Database)
    broker: Broker = field(default_factory=Broker)
    cache: Cache = field(default_factory=Cache)
    identity: Identity = field(default_factory=Identity)
    images: Images = field(default_factory=Images)
    network: Network = field(default_factory=Network)
    volumes: Volumes = field(default_factory=Volumes)
    worker: Worker = field(default_factory=Worker)
    compute_nodes: tuple[ComputeNode, ...] = ()
    storage_node: str = "localhost"


class ConfigError(ValueError):
    """The configuration file is wrong; the message names the key and what is valid."""


def load(path: str | None = None) -> Config:
    """Read the configuration from `path`, or from where ``TENREC_CONFIG`` points.

    Raises ConfigError for an unknown section or key, OSError when the file cannot be read.
    """
    source = Path(path or os.environ.get("TENREC_CONFIG", DEFAULT_PATH))
    document = _read(source)
    nodes = source.with_name("compute_nodes.toml")
    if nodes.exists():
        document.setdefault("compute_nodes", _read(nodes).get("compute_nodes", []))
    return from_document(document, str(source))


def _read(source: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(source.read_text())
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{source}: {error}") from error


def from_document(document: dict[str, Any], source: str = "configuration") -> Config:
    """Make a Config of a parsed TOML document; `source` is named in errors."""
    values: dict[str, Any] = {}
    sections = {f.name: f for f in fields(Config)}
    for name, content in document.items():
        if name not in sections:
            raise ConfigError(f"{source}: unknown section [{name}]; valid: {', '.join(sorted(sections))}")
        if name == "compute_nodes":
            values[name] = tuple(_section(ComputeNode, node, f"{source} [[{name}]]") for node in content)
        elif isinstance(content, dict):
            values[name] = _section(sections[name].default_factory, content, f"{source} [{name}]")
        else:
            values[name] = content
    return Config(**values)


def _section(kind: type, content: dict[str, Any], where: str) -> Any:
    valid = {f.name for f in fields(kind)}
    unknown = set(content) - valid
    if unknown:
        raise ConfigError(f"{where}: unknown key {', '.join(sorted(unknown))}; valid: {', '.join(sorted(valid))}")
    try:
        return kind(**{key: tuple(value) if isinstance(value, list) else value for key, value in content.items()})
    except TypeError as error:
        raise ConfigError(f"{where}: {error}") from error
