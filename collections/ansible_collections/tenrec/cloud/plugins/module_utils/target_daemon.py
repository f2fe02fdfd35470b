"""tgtd's management socket: `tgtadm`'s requests without a process for each and without a password in its arguments.

A request is one C structure and a text of parameters, an answer is an error code and a text (`usr/tgtadm.h` of tgt
1.0.85). tgtd answers root alone.
"""

from __future__ import annotations

import dataclasses
import re
import socket
import struct

from ansible_collections.tenrec.cloud.plugins.module_utils.convergence import EngineAway

# mode, op, lld[64], length, tid, sid, lun, cid, host_no, device_type, ac_dir, pack, force
REQUEST = struct.Struct("=ii64sIiQQIIIIII")
# error, length of the whole answer
ANSWER = struct.Struct("=II")
DRIVER = b"iscsi"
EVERY = 0xFFFFFFFFFFFFFFFF
MODES = {"target": 1, "device": 2, "account": 7}
OPERATIONS = {"new": 0, "delete": 1, "show": 2, "bind": 3, "unbind": 4, "update": 5}
ERRORS = {
    1: "unknown error",
    2: "out of memory",
    3: "no such driver",
    4: "no such target",
    5: "no such logical unit",
    6: "no such session",
    7: "no such connection",
    8: "no such binding",
    9: "the target exists already",
    10: "the binding exists already",
    11: "the logical unit exists already",
    12: "the access rule exists already",
    13: "no such access rule",
    14: "the account exists already",
    15: "no such account",
    16: "too many accounts",
    17: "invalid request",
    18: "the target has an outgoing account already",
    19: "the target is in use",
    20: "the logical unit is in use",
    21: "the driver is in use",
    22: "unsupported operation",
    23: "unknown parameter",
    24: "removal is prevented",
}
NO_TARGET, NO_ACCOUNT = 4, 15
TARGET_EXISTS, ACCOUNT_EXISTS = 9, 14


class TargetError(Exception):
    """tgtd refused a request; `code` is its error code."""

    def __init__(self, request, code):
        super().__init__(f"tgtd refused '{request}': {ERRORS.get(code, f'error {code}')}")
        self.code = code


@dataclasses.dataclass
class Target:
    """What tgtd says of a target: its number, the path behind each LUN, accounts, access rules, connected
    initiators."""

    number: int
    name: str
    backing: dict
    accounts: list
    access: list
    initiators: list


class TargetDaemon:
    """tgtd at its socket. Each request is a connection of its own, as with `tgtadm`."""

    def __init__(self, path, deadline):
        """Arguments: path: the socket. deadline: bounds the wait for each answer."""
        self._path = path
        self._deadline = deadline

    def targets(self):
        """All targets: dict of name to Target."""
        return parse_targets(self._ask("target", "show"))

    def add_target(self, number, name):
        """Make a target."""
        self._ask("target", "new", number, f"targetname={name}")

    def remove_target(self, number):
        """Remove a target with its logical units; sessions of initiators are closed."""
        self._ask("target", "delete", number, force=1)

    def add_unit(self, number, unit, path):
        """Put a file behind a LUN. Blocks that the initiator discards are given back to the file system."""
        self._ask("device", "new", number, f"path={path},bstype=rdwr", unit=unit)
        self._ask("device", "update", number, "thin_provisioning=1", unit=unit)

    def allow(self, number, address):
        """Let initiators from an address (or `ALL`) log in, with a password if the target has an account."""
        self._ask("target", "bind", number, f"initiator-address={address}")

    def set_account(self, username, password):
        """Make an account, or give it this password."""
        self.remove_account(username)
        self._ask("account", "new", parameters=f"user={username},password={password}", shown="account new")

    def bind_account(self, number, username):
        """Ask initiators of a target for an account's password."""
        self._ask("account", "bind", number, f"user={username}")

    def remove_account(self, username):
        """Remove an account, if there is one; no target has it any more."""
        try:
            self._ask("account", "delete", parameters=f"user={username}")
        except TargetError as problem:
            if problem.code != NO_ACCOUNT:
                raise

    def _ask(self, mode, operation, number=-1, parameters="", unit=EVERY, force=0, shown=None):
        text = parameters.encode() + b"\0" if parameters else b""
        length = REQUEST.size + len(text)
        request = REQUEST.pack(
            MODES[mode], OPERATIONS[operation], DRIVER, length, number, 0, unit, 0, 0, 0, 0, 0, force
        )
        try:
            code, answer = self._exchange(request + text)
        except OSError as problem:
            raise EngineAway(f"tgtd at {self._path} does not answer: {problem}") from None
        if code:
            raise TargetError(shown or f"{mode} {operation} {parameters}".strip(), code)
        return answer.rstrip(b"\0").decode(errors="replace")

    def _exchange(self, request):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as stream:
            stream.settimeout(max(0.1, self._deadline.remaining(at_most=10)))
            stream.connect(self._path)
            stream.sendall(request)
            code, length = ANSWER.unpack(_received(stream, ANSWER.size))
            return code, _received(stream, length - ANSWER.size)


def parse_targets(text):
    """What `target show` says, as dict of name to Target."""
    targets = {}
    target, section, unit = None, None, None
    for line in text.splitlines():
        words = line.strip()
        header = re.fullmatch(r"Target (\d+): (\S+)", line)
        if header:
            target = Target(int(header.group(1)), header.group(2), {}, [], [], [])
            targets[target.name] = target
        elif target is None or not words:
            continue
        elif line.startswith("    ") and not line.startswith("     "):
            section = words
        elif section == "LUN information:":
            key, _colon, value = words.partition(": ")
            if key == "LUN":
                unit = int(value)
            elif key == "Backing store path" and value != "None":
                target.backing[unit] = value
        elif section == "Account information:":
            target.accounts.append(words)
        elif section == "ACL information:":
            target.access.append(words)
        elif section == "I_T nexus information:" and words.startswith("Initiator: "):
            target.initiators.append(words.split()[1])
    return targets


def _received(stream, length):
    pieces = []
    while length > 0:
        piece = stream.recv(length)
        if not piece:
            raise ConnectionError("tgtd ended the connection before its answer was complete")
        pieces.append(piece)
        length -= len(piece)
    return b"".join(pieces)
