"""A client of an OVSDB server (RFC 7047) on Open vSwitch's Python bindings, for modules that live for milliseconds.

It selects the rows that a module names and writes the difference. The bindings' own IDL keeps a replica of the whole
database instead, which a long-lived service wants; a short-lived module would pay for every row of the cloud each time.
So only their streams and their poller are used. Messages are read by the standard library's JSON decoder, because the
bindings' parser, which is written in Python, loses a character that is cut in two between two reads.
"""

from __future__ import annotations

import codecs
import errno
import json
import os
import uuid

from ansible_collections.tenrec.cloud.plugins.module_utils.convergence import EngineAway

try:
    from ovs.poller import Poller
    from ovs.stream import Stream
except ImportError:
    Poller = Stream = None

CONNECT_SECONDS = 10
CHUNK_BYTES = 1 << 20


class OvsdbError(Exception):
    """The server refused what it was asked, or could not be asked."""


class OvsdbAway(OvsdbError, EngineAway):
    """The server does not answer, or hung up: it may be starting again."""


class OvsdbConflict(OvsdbError):
    """Somebody else changed what a transaction was built on. Read again and try again."""


class Uuid(str):
    """The `_uuid` of a row."""


class NamedUuid(str):
    """A name, within one transaction, for a row that this transaction inserts."""


def new_name():
    """A fresh name for a row to insert, of the form that RFC 7047 asks of an <id>."""
    return NamedUuid("row_" + uuid.uuid4().hex)


def encode(value):
    """A Python value as an OVSDB <value>.

    dict is a map; list, tuple and set are sets (sorted, so that the same value always reads the same); None is the
    empty set.
    """
    if value is None:
        return ["set", []]
    if isinstance(value, dict):
        return ["map", sorted([_storable(key), _storable(text)] for key, text in value.items())]
    if isinstance(value, (list, tuple, set, frozenset)):
        return ["set", [encode(member) for member in sorted(value)]]
    if isinstance(value, Uuid):
        return ["uuid", str(value)]
    if isinstance(value, NamedUuid):
        return ["named-uuid", str(value)]
    if isinstance(value, str):
        return _storable(value)
    return value


def _storable(text):
    """A string as it is. Raises ValueError for what the database cannot hold; the server would hang up on it."""
    if "\x00" in text:
        raise ValueError("a string may not hold a NUL character")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("a string must be valid Unicode, without lone surrogates") from None
    return text


def decode(value):
    """An OVSDB <value> as Python: a map as dict, a set as list, an empty set as an empty list.

    A set of one member cannot be told from an atom here: it comes as that member.
    """
    if isinstance(value, list):
        kind, content = value
        if kind == "uuid":
            return Uuid(content)
        if kind == "map":
            return {decode(key): decode(text) for key, text in content}
        return sorted(decode(member) for member in content)
    return value


def as_list(value):
    """A decoded set as a list, however many members it has; None is an empty one."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


class Ovsdb:
    """One connection to one database of one server."""

    def __init__(self, connection, database, deadline):
        """Connect.

        Arguments: connection: `unix:PATH` or `tcp:ADDRESS:PORT`; several with commas between are tried in order.
        database: for instance `OVN_Northbound`. deadline: bounds every wait for the server.
        Raises OvsdbAway when no server answers.
        """
        self._database = database
        self._deadline = deadline
        self._decoder = json.JSONDecoder()
        # A character may be cut in two between two reads.
        self._characters = codecs.getincrementaldecoder("utf-8")()
        self._received = ""
        self._next_id = 0
        self._stream = self._connected(connection)

    def close(self):
        """End the connection."""
        self._stream.close()

    def _connected(self, connection):
        if Stream is None:
            raise OvsdbError("Open vSwitch's Python bindings (package ovs, or python3-openvswitch) are missing here")
        problems = []
        for remote in map(str.strip, connection.split(",")):
            if not Stream.is_valid_name(remote):
                problems.append(f"{remote}: a connection is unix:PATH or tcp:ADDRESS:PORT")
                continue
            patience = round(self._deadline.remaining(at_most=CONNECT_SECONDS) * 1000)
            error, stream = Stream.open_block(Stream.open(remote), patience)
            if not error:
                return stream
            problems.append(f"{remote}: {os.strerror(error)}")
        raise OvsdbAway(f"database {self._database} cannot be reached: {'; '.join(problems)}")

    def select(self, queries):
        """Read rows, all at one moment.

        Arguments: queries: list of (table, where, columns); where: list of (column, function, value), all of which must
        hold.
        Returns a list: for each query a list of rows, dicts of decoded values.
        """
        if not queries:
            return []
        operations = [
            {
                "op": "select",
                "table": table,
                "where": [[column, function, encode(value)] for column, function, value in where],
                "columns": list(columns),
            }
            for table, where, columns in queries
        ]
        return [
            [{column: decode(value) for column, value in row.items()} for row in answer["rows"]]
            for answer in self.transact(operations)
        ]

    def select_by_uuid(self, table, groups, columns):
        """Read rows by their uuids.

        Arguments: groups: list of reference columns as `select` returned them (or None). Returns a list of rows for
        each group.
        """
        groups = [as_list(group) for group in groups]
        rows = iter(self.select([(table, [("_uuid", "==", row_id)], columns) for group in groups for row_id in group]))
        return [[row for _row_id in group for row in next(rows)] for group in groups]

    def transact(self, operations):
        """Run operations as one transaction: all of them happen or none.

        Returns the list of their results. Raises OvsdbConflict when a `wait` did not hold or a unique key exists
        already, OvsdbError with the server's words for everything else.
        """
        answers = self._call("transact", [self._database, *operations])
        for position, answer in enumerate(answers):
            if answer is None or "error" not in answer:
                continue
            operation = operations[position] if position < len(operations) else {"op": "commit"}
            text = f"{operation['op']} {operation.get('table', '')}: {answer['error']}: {answer.get('details', '')}"
            if answer["error"] in ("timed out", "constraint violation"):
                raise OvsdbConflict(text)
            raise OvsdbError(text)
        return answers

    def watch(self, table, columns, reached, deadline=None):
        """Wait until `reached(rows)` is true, asking at first and after each change of the table.

        Arguments: rows: list of dicts of decoded values. deadline: when to give up; the connection's own when there is
        none. Returns the last rows and whether the condition was reached before that.
        """
        deadline = deadline or self._deadline
        monitor = f"watch-{table}"
        known = {}
        _merge(known, self._call("monitor", [self._database, monitor, {table: {"columns": list(columns)}}]), table)
        try:
            while not reached(list(known.values())):
                message = self._receive(deadline)
                if message is None:
                    return list(known.values()), False
                if message.get("method") == "update" and message["params"][0] == monitor:
                    _merge(known, message["params"][1], table)
            return list(known.values()), True
        finally:
            self._send({"method": "monitor_cancel", "params": [monitor], "id": f"cancel-{monitor}"})

    def _call(self, method, params):
        self._next_id += 1
        self._send({"method": method, "params": params, "id": self._next_id})
        while True:
            message = self._receive(self._deadline)
            if message is None:
                raise OvsdbAway(f"database {self._database} did not answer in time")
            if message.get("id") == self._next_id and "method" not in message:
                if message.get("error") is not None:
                    raise OvsdbError(f"{method}: {json.dumps(message['error'])}")
                return message["result"]

    def _send(self, message):
        rest = json.dumps(message, separators=(",", ":")).encode()
        while rest:
            sent = self._stream.send(rest)
            if sent >= 0:
                rest = rest[sent:]
            elif sent != -errno.EAGAIN:
                raise OvsdbAway(f"database {self._database} closed the connection: {os.strerror(-sent)}")
            elif not self._ready(self._stream.send_wait, self._deadline):
                raise OvsdbAway(f"database {self._database} did not take the request in time")

    def _receive(self, deadline):
        """The next message that is not a keep-alive, or None when the deadline passed first."""
        while True:
            message = self._parsed()
            if message is None:
                error, chunk = self._stream.recv(CHUNK_BYTES)
                if error == errno.EAGAIN:
                    if not self._ready(self._stream.recv_wait, deadline):
                        return None
                elif error or not chunk:
                    raise OvsdbAway(f"database {self._database} closed the connection")
                else:
                    self._received += self._characters.decode(chunk)
            elif message.get("method") == "echo":
                self._send({"id": message["id"], "result": message["params"], "error": None})
            else:
                return message

    def _ready(self, wait, deadline):
        """Wait for the stream, as `wait` tells the poller; False when the deadline has passed already."""
        if deadline.passed:
            return False
        poller = Poller()
        wait(poller)
        poller.timer_wait(max(1, round(deadline.remaining() * 1000)))
        poller.block()
        return True

    def _parsed(self):
        if not self._received:
            return None
        try:
            message, end = self._decoder.raw_decode(self._received)
        except json.JSONDecodeError:
            return None
        self._received = self._received[end:].lstrip()
        return message


def _merge(known, updates, table):
    """Bring a `monitor` reply or `update` into `known`, a dict of decoded rows by uuid."""
    for row_id, update in updates.get(table, {}).items():
        if "new" in update:
            known[row_id] = {column: decode(value) for column, value in update["new"].items()}
        else:
            known.pop(row_id, None)
