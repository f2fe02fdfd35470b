"""A volume's iSCSI target as the engine of all modules sees it: in tgtd now, and in the file that tgtd starts from."""

from __future__ import annotations

import hashlib
import os
import pathlib
import re
import uuid

from ansible_collections.tenrec.cloud.plugins.module_utils.convergence import ItemError, Resource
from ansible_collections.tenrec.cloud.plugins.module_utils.target_daemon import (
    TARGET_EXISTS,
    TargetDaemon,
    TargetError,
)

IQN_PREFIX = "iqn.2010-10.org.openstack:volume-"
UNIT = 1
# What needs no quoting in tgt's configuration nor in its requests. Passwords are generated, so this loses nothing.
PLAIN = re.compile(r"[A-Za-z0-9._:@+/=-]{1,200}")


class NumberTaken(Exception):
    """Another run made a target with the same number at the same moment."""


def target_name(volume_id):
    """The iSCSI target of a volume. Raises ValueError when the id is no UUID."""
    return f"{IQN_PREFIX}{uuid.UUID(volume_id)}"


def target_configuration(name, path, username, password, addresses):
    """The text from which `tgt-admin` makes the target when tgtd starts."""
    lines = [
        f"<target {name}>",
        f"  <backing-store {path}>",
        f"    lun {UNIT}",
        "    params thin_provisioning=1",
        "  </backing-store>",
        f"  incominguser {username} {password}",
        *(f"  initiator-address {address}" for address in addresses),
        "</target>",
    ]
    return "\n".join(lines) + "\n"


def free_number(targets):
    """The smallest number above 0 that no target has."""
    taken = {target.number for target in targets.values()}
    return next(number for number in range(1, len(taken) + 2) if number not in taken)


class VolumeTarget(Resource):
    """Exports: `live` is what tgtd does, `file` the digest of its configuration (which holds the password)."""

    item_spec = {
        "server_id": {"type": "str"},
        "device": {"type": "str"},
        "iqn": {"type": "str"},
        "portal_host": {"type": "str"},
        "portal_port": {"type": "int"},
        "chap_username": {"type": "str"},
        "chap_password": {"type": "str", "no_log": True},
        "boot_index": {"type": "int"},
    }
    retry_on = (NumberTaken,)

    def open(self):
        self._daemon = TargetDaemon(self.params["tgt"], self.deadline)
        self._daemon.targets()

    def read(self, items):
        targets = self._daemon.targets()
        return [self._have(item, targets) for item in items]

    def want(self, item, have):
        name = target_name(item["id"])
        if item["iqn"] not in (None, name):
            raise ItemError(f"the target of volume {item['id']} is {name}, not {item['iqn']}")
        for key in ("chap_username", "chap_password"):
            if not PLAIN.fullmatch(item[key] or ""):
                raise ItemError(
                    f"{key} of volume {item['id']} is missing or has characters other than A-Z a-z 0-9 . _ : @ + / = -"
                )
        self.need(self._volume(item).is_file(), f"volume {item['id']} is not in this host's pool")
        live = {
            "path": str(self._volume(item)),
            "accounts": [item["chap_username"]],
            "access": sorted(self.params["addresses"]),
        }
        return {"live": live, "file": _digest(self._text(item))}

    def apply(self, changes):
        (change,) = changes
        if change.want is None:
            self._withdraw(change.item)
        else:
            self._export(change)

    def _volume(self, item):
        return pathlib.Path(self.params["pool"], str(uuid.UUID(item["id"])))

    def _file(self, item):
        return pathlib.Path(self.params["configuration"], f"tenrec-{uuid.UUID(item['id'])}.conf")

    def _text(self, item):
        return target_configuration(
            target_name(item["id"]),
            self._volume(item),
            item["chap_username"],
            item["chap_password"],
            self.params["addresses"],
        )

    def _have(self, item, targets):
        target = targets.get(target_name(item["id"]))
        file = self._file(item)
        if target is None and not file.exists():
            return None
        live = None
        if target is not None:
            live = {
                "path": target.backing.get(UNIT),
                "accounts": sorted(target.accounts),
                "access": sorted(target.access),
            }
        return {"live": live, "file": _digest(file.read_text()) if file.exists() else None}

    def _export(self, change):
        item = change.item
        have = change.have or {"live": None, "file": None}
        # The file first: were the run to die now, tgtd would come up with the target, and another run finds it.
        if have["file"] != change.want["file"]:
            _write(self._file(item), self._text(item))
        if have["live"] is not None and have["live"] != change.want["live"]:
            self._drop(item)
            have = {**have, "live": None}
        if have["live"] is None:
            self._make(item)
        elif have["file"] != change.want["file"]:
            # The password may be another one.
            number = self._daemon.targets()[target_name(item["id"])].number
            self._daemon.set_account(item["chap_username"], item["chap_password"])
            self._daemon.bind_account(number, item["chap_username"])

    def _make(self, item):
        number = free_number(self._daemon.targets())
        try:
            self._daemon.add_target(number, target_name(item["id"]))
        except TargetError as problem:
            if problem.code == TARGET_EXISTS:
                raise NumberTaken(str(problem)) from None
            raise
        # Nobody may log in before the account is bound, so access comes last.
        self._daemon.add_unit(number, UNIT, self._volume(item))
        self._daemon.set_account(item["chap_username"], item["chap_password"])
        self._daemon.bind_account(number, item["chap_username"])
        for address in self.params["addresses"]:
            self._daemon.allow(number, address)

    def _withdraw(self, item):
        for file in (self._file(item), self._file(item).with_suffix(".new")):
            file.unlink(missing_ok=True)
        self._drop(item)

    def _drop(self, item):
        target = self._daemon.targets().get(target_name(item["id"]))
        if target is None:
            return
        self._daemon.remove_target(target.number)
        for username in target.accounts:
            self._daemon.remove_account(username)


def _digest(text):
    return hashlib.sha256(text.encode()).hexdigest()


def _write(path, text):
    """Write a file (0600) that appears at once with its whole content."""
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    fresh.touch(mode=0o600)
    with fresh.open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
