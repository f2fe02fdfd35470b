"""Runs on the all-in-one host as root: a second API and worker beside the deployed ones, whose servers are pretence.

``up`` starts them and prints ``{"root"}``, where they answer; ``down`` removes all of it; ``work`` and ``rest`` start
and stop the worker. They are the deployed programs under the deployed units with the deployed settings, MariaDB,
RabbitMQ and OVN; their own are the database, the exchange, the cache, the folders, the proxy's process, and an
inventory that makes the modules use libvirt's test driver. That one forgets its domains when a module ends.
"""

import json
import os
import pwd
import shutil
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import asdict, replace
from pathlib import Path

import pika
import yaml
from sqlalchemy import create_engine, text

from tenrec_api import config
from tenrec_api.services.doorbell import exchange, parameters

DEPLOYED = Path("/etc/tenrec")
SETTINGS = Path("/run/tenrec-bench-stack")
# What runs make, below the deployed folders: the same file systems, under the same units.
FOLDERS = {"/run/tenrec": Path("/run/tenrec/bench"), "/var/lib/tenrec": Path("/var/lib/tenrec/bench")}
UNITS = Path("/run/systemd/system")
DATABASE = QUEUE = "tenrec_bench"
PORT, CACHE_PORT = 8443, 11311
API, SOCKET, WORKER = "tenrec-bench-api.service", "tenrec-bench-api.socket", "tenrec-bench-worker.service"
PROXY, CACHE = "tenrec-bench-proxy.service", "tenrec-bench-cache.service"
ALL = (WORKER, API, SOCKET, PROXY, CACHE)
PATIENCE_SECONDS = 30
BIG = {"vcpus": 100_000, "memory_mib": 100_000_000, "disk_gib": 1_000_000}


def run(*words: str) -> str:
    """Run a program and return what it printed."""
    return subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True).stdout


def administer(*statements: str) -> None:
    """Run SQL as MariaDB's administrator."""
    run("mariadb", "-e", ";".join(statements))


def up() -> None:
    """Make and start it all; what an earlier bench left is removed first."""
    down()
    deployed = config.load()
    root = f"{deployed.api.public_url}:{PORT}"
    SETTINGS.mkdir(mode=0o755)
    account = pwd.getpwnam("tenrec")
    for folder in (*FOLDERS.values(), *(FOLDERS["/var/lib/tenrec"] / name for name in ("servers", "image-cache"))):
        folder.mkdir(mode=0o755)
        os.chown(folder, account.pw_uid, account.pw_gid)
    administer(
        f"CREATE DATABASE {DATABASE} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
        f"GRANT ALL PRIVILEGES ON {DATABASE}.* TO tenrec@localhost",
    )
    _write_settings(deployed, root)
    _write_inventory(Path(deployed.worker.inventory))
    _write_units()
    for words in (
        ["db", "upgrade"],
        ["fernet-key"],
        ["bootstrap", *_password("admin"), *_password("member")],
    ):
        run(
            "runuser", "-u", "tenrec", "--", "env", f"TENREC_CONFIG={SETTINGS}/api.toml",
            "/opt/tenrec/api/bin/tenrec-manage", *words,
        )  # fmt: skip
    run("systemctl", "daemon-reload")
    run("systemctl", "start", CACHE, SOCKET, API, PROXY, WORKER)
    _wait_for(root)
    print(json.dumps({"root": root}))


def down() -> None:
    """Stop and remove it all, also what an unfinished bench left in the northbound database."""
    subprocess.run(["systemctl", "stop", *ALL], capture_output=True, check=False)
    _clear_northbound()
    administer(f"DROP DATABASE IF EXISTS {DATABASE}")
    # Privileges outlive their database.
    administer("DELETE FROM mysql.db WHERE Db = 'tenrec_bench'", "FLUSH PRIVILEGES")
    for unit in ALL:
        (UNITS / unit).unlink(missing_ok=True)
    subprocess.run(["systemctl", "reset-failed", *ALL], capture_output=True, check=False)
    run("systemctl", "daemon-reload")
    for folder in (SETTINGS, *FOLDERS.values()):
        shutil.rmtree(folder, ignore_errors=True)
    # Last, because the broker may be away.
    broker = replace(config.load().broker, queue=QUEUE)
    if broker.url:
        with pika.BlockingConnection(parameters(broker)) as connection:
            connection.channel().exchange_delete(exchange(broker))


def _clear_northbound() -> None:
    engine = create_engine(f"mysql+pymysql://root@localhost/{DATABASE}?unix_socket=/run/mysqld/mysqld.sock")
    if not run("mariadb", "-N", "-e", f"SHOW DATABASES LIKE '{DATABASE}'").strip():
        return
    with engine.connect() as connection:
        for (network,) in connection.execute(text("SELECT id FROM networks")):
            run("ovn-nbctl", "--if-exists", "ls-del", f"neutron-{network}")
            for options in run(
                "ovn-nbctl", "--bare", "--columns=_uuid", "find", "DHCP_Options", f'external_ids:network_id="{network}"'
            ).split():
                run("ovn-nbctl", "destroy", "DHCP_Options", options)
        for (group,) in connection.execute(text("SELECT id FROM security_groups")):
            run("ovn-nbctl", "--if-exists", "destroy", "Port_Group", f"pg_{group.replace('-', '_')}")


def _mapped(value):
    """A setting with the deployed folders replaced, at any depth."""
    if isinstance(value, dict):
        return {key: _mapped(each) for key, each in value.items() if each is not None}
    if isinstance(value, list | tuple):
        return [_mapped(each) for each in value]
    if isinstance(value, str):
        for folder, ours in FOLDERS.items():
            if value.startswith(f"{folder}/"):
                return f"{ours}{value.removeprefix(folder)}"
    return value


def _write_settings(deployed: config.Config, root: str) -> None:
    settings = _mapped(asdict(deployed))
    settings["api"]["public_url"] = root
    settings["database"]["url"] = settings["database"]["url"].replace("/tenrec?", f"/{DATABASE}?")
    settings["broker"]["queue"] = QUEUE
    settings["cache"]["servers"] = [f"127.0.0.1:{CACHE_PORT}"]
    settings["identity"]["fernet_key_directory"] = str(FOLDERS["/var/lib/tenrec"] / "fernet-keys")
    settings["images"]["directory"] = str(FOLDERS["/var/lib/tenrec"] / "images")
    settings["worker"]["inventory"] = str(SETTINGS / "inventory.yml")
    # Periodic looks at the hosts would find none of the servers.
    settings["worker"] |= {key: 0 for key in ("observe_seconds", "reconcile_seconds") if key in settings["worker"]}
    settings["compute_nodes"] = [node | BIG for node in settings["compute_nodes"][:1]]
    plain = {key: value for key, value in settings.items() if not isinstance(value, dict | list)}
    lines = [f"{key} = {json.dumps(value)}" for key, value in plain.items()]
    for section, content in settings.items():
        for part in content if isinstance(content, list) else [content] if isinstance(content, dict) else []:
            lines.append(f"[[{section}]]" if isinstance(content, list) else f"[{section}]")
            lines += [f"{key} = {json.dumps(value)}" for key, value in part.items()]
    file = SETTINGS / "api.toml"
    file.touch(mode=0o640)
    file.write_text("\n".join(lines) + "\n")
    shutil.chown(file, "root", "tenrec")


def _write_inventory(deployed: Path) -> None:
    inventory = yaml.safe_load(deployed.read_text())
    data = FOLDERS["/var/lib/tenrec"]
    servers, cache, images = (str(data / name) for name in ("servers", "image-cache", "images"))
    inventory["all"]["vars"] |= {
        "tenrec_domain": {
            "uri": "test:///default",
            "servers": servers,
            "image_cache": cache,
            # Nothing is plugged in, so nothing comes up.
            "wait_for_ports": False,
        },
        "tenrec_image_cache": {"cache": cache, "servers": servers},
        "tenrec_image_file": {"images": images},
    }
    file = SETTINGS / "inventory.yml"
    file.write_text(yaml.safe_dump(inventory))


def _write_units() -> None:
    renamed = {
        "/etc/tenrec/api.toml": f"{SETTINGS}/api.toml",
        "tenrec-api.socket": SOCKET,
        "tenrec-api.service": API,
        "/run/tenrec/": "/run/tenrec/bench/",
        "Directory=tenrec/": "Directory=tenrec/bench/",
    }
    writable = f"[Service]\nReadWritePaths={FOLDERS['/var/lib/tenrec']}"
    for unit, ours in (("tenrec-api.socket", SOCKET), ("tenrec-api.service", API), ("tenrec-worker.service", WORKER)):
        content = Path("/etc/systemd/system", unit).read_text().replace("[Service]", writable)
        for old, new in renamed.items():
            content = content.replace(old, new)
        (UNITS / ours).write_text(content)
    proxy = Path("/etc/nginx/nginx.conf").read_text()
    for old, new in {
        "/run/nginx.pid": "/run/tenrec-bench-nginx.pid",
        "/run/tenrec/api.sock": "/run/tenrec/bench/api.sock",
        ":443 ssl": f":{PORT} ssl",
        " 443 ssl": f" {PORT} ssl",
    }.items():
        proxy = proxy.replace(old, new)
    (SETTINGS / "nginx.conf").write_text(proxy)
    _write_unit(PROXY, f"/usr/sbin/nginx -c {SETTINGS}/nginx.conf -g 'daemon off;'")
    _write_unit(CACHE, f"/usr/bin/memcached -u nobody -l 127.0.0.1 -p {CACHE_PORT} -m 16")


def _write_unit(name: str, command: str) -> None:
    (UNITS / name).write_text(f"[Unit]\nDescription=For tenrec bench\n[Service]\nExecStart={command}\n")


def _password(name: str) -> tuple[str, str]:
    return f"--{name}-password-file", str(DEPLOYED / "bootstrap" / name)


def _wait_for(root: str) -> None:
    context = ssl.create_default_context(cafile=str(DEPLOYED / "tls" / "ca.pem"))
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            with urllib.request.urlopen(f"{root}/identity/v3", timeout=5, context=context):
                return
        except (urllib.error.URLError, OSError) as error:
            if time.monotonic() > until:
                raise SystemExit(f"the second API does not answer at {root}: {error}") from error
            time.sleep(0.2)


def main() -> None:
    """One verb."""
    verbs = {
        "up": up,
        "down": down,
        "work": lambda: run("systemctl", "start", WORKER),
        "rest": lambda: run("systemctl", "stop", WORKER),
    }
    verbs[sys.argv[1]]()


if __name__ == "__main__":
    main()
