"""Wanted rows of OVN's northbound database, and the operations that lead to them. Nothing here connects.

A document is a dict of `Row` and `Link` by label. The label says what the row is to its item (`switch`, `subnet <id>`)
and is what the diff shows. Two documents are compared label by label.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ansible_collections.tenrec.cloud.plugins.module_utils.ovsdb import Uuid, encode, new_name

OWNED_PREFIXES = ("neutron:", "tenrec:")
"""Keys of a shared map with these prefixes are ours: the ones not wanted are removed, all other keys are left alone."""
WHOLE_MAPS = {("DHCP_Options", "options"), ("Logical_Router_Port", "ipv6_ra_configs")}
"""Maps that are ours altogether, so that an option which is not wanted goes away."""


@dataclass(frozen=True)
class Parent:
    """The column that holds a row: of the row `label` of the same document, or of the row named `name` in `table`."""

    column: str
    label: str | None = None
    table: str | None = None
    name: str | None = None


@dataclass
class Row:
    """A row, wanted or found.

    `columns` of a wanted row: a list is a set, a dict a map (None for a key that must not be there), anything else a
    single value, None for none. `parent` is None for rows of a root table, which need a `name` or
    external_ids that are theirs alone.
    """

    table: str
    columns: dict[str, Any]
    parent: Parent | None = None
    uuid: Uuid | None = None

    @property
    def identity(self):
        """The condition that finds this row of a root table, as (column, function, value)."""
        if "name" in self.columns:
            return ("name", "==", self.columns["name"])
        return ("external_ids", "includes", self.columns["external_ids"])


@dataclass(frozen=True)
class Link:
    """A reference to the row `label` of the same document, in `column` of the row named `name` in `table`."""

    table: str
    name: str
    column: str
    label: str


@dataclass
class Operations:
    """The operations of one transaction, in the order in which they must stand."""

    waits: list = field(default_factory=list)
    changes: list = field(default_factory=list)

    def expect(self, table, condition, present=True):
        """Let the transaction fail unless a row with the condition exists (or, not `present`, does not)."""
        column, function, value = condition
        wait = {
            "op": "wait",
            "timeout": 0,
            "table": table,
            "where": [[column, function, encode(value)]],
            "columns": ["_uuid"],
            "until": "!=" if present else "==",
            "rows": [],
        }
        if wait not in self.waits:
            self.waits.append(wait)

    def mutate(self, table, condition, column, mutator, value):
        """Add to or take from a set or a map."""
        column_of_condition, function, wanted = condition
        mutation = {
            "op": "mutate",
            "table": table,
            "where": [[column_of_condition, function, encode(wanted)]],
            "mutations": [[column, mutator, value]],
        }
        self.changes.append(mutation)

    @property
    def all(self):
        """Every operation."""
        return self.waits + self.changes


def own_columns(row, *without):
    """The columns of a row as `Ovsdb.select` returned it, without its uuid and those named."""
    return {column: value for column, value in row.items() if column not in ("_uuid", *without)}


def projection(table, found, wanted):
    """The found columns of a row in the form in which they can be compared with the wanted ones."""
    return {column: _comparable(table, column, found.get(column), value) for column, value in wanted.items()}


def _comparable(table, column, found, wanted):
    if isinstance(wanted, dict):
        found = found or {}
        if (table, column) in WHOLE_MAPS:
            return dict(found)
        return {key: text for key, text in found.items() if key in wanted or key.startswith(OWNED_PREFIXES)}
    if isinstance(wanted, list):
        if found is None:
            return []
        return found if isinstance(found, list) else [found]
    if found == []:
        return None
    return found


def normal(columns):
    """Wanted columns in the form in which they can be compared with the found ones."""
    result = {}
    for column, value in columns.items():
        if isinstance(value, dict):
            value = {key: text for key, text in value.items() if text is not None}
        elif isinstance(value, list):
            value = sorted(set(value))
        result[column] = value
    return result


def comparison(have, want):
    """Two documents in JSON-able form, equal when there is nothing to do. None stands for a document without rows."""
    have = have or {}
    want = want or {}
    before = {}
    for label, row in have.items():
        if isinstance(row, Link):
            before[label] = True
        elif label in want:
            before[label] = projection(row.table, row.columns, want[label].columns)
        else:
            before[label] = {column: value for column, value in row.columns.items() if value not in ([], {})}
    after = {label: True if isinstance(row, Link) else normal(row.columns) for label, row in want.items()}
    return before or None, after or None


def operations(have, want):
    """The operations that lead from one document to the other, as `Operations`.

    The transaction fails (see `Ovsdb.transact`) when rows that `have` knows are gone or rows that it does not know
    exist.
    """
    have = have or {}
    want = want or {}
    result = Operations()
    names = {label: new_name() for label, row in want.items() if isinstance(row, Row) and label not in have}
    for label, row in want.items():
        if isinstance(row, Link):
            if label not in have:
                _add_link(result, row, names.get(row.label) or have[row.label].uuid)
        elif label in have:
            _update(result, have[label], row)
        else:
            _insert(result, row, label, names, have, want)
    for label, row in have.items():
        if label not in want:
            if isinstance(row, Link):
                if row.label in want:
                    _drop_link(result, row, have[row.label].uuid)
            else:
                _delete(result, row, have, want)
    return result


def _insert(result, row, label, names, have, want):
    columns = {column: value for column, value in normal(row.columns).items() if value is not None}
    for child_label, child in want.items():
        if child_label in names and child.parent and child.parent.label == label:
            columns[child.parent.column] = [*columns.get(child.parent.column, []), names[child_label]]
    insert = {
        "op": "insert",
        "table": row.table,
        "uuid-name": str(names[label]),
        "row": {column: encode(value) for column, value in columns.items()},
    }
    result.changes.append(insert)
    if row.parent is None:
        result.expect(row.table, row.identity, present=False)
    elif row.parent.label is None:
        condition = ("name", "==", row.parent.name)
        result.expect(row.parent.table, condition)
        result.mutate(row.parent.table, condition, row.parent.column, "insert", encode([names[label]]))
    elif row.parent.label in have:
        parent = have[row.parent.label]
        result.mutate(parent.table, ("_uuid", "==", parent.uuid), row.parent.column, "insert", encode([names[label]]))


def _update(result, found, wanted):
    condition = ("_uuid", "==", found.uuid)
    result.expect(found.table, condition)
    before = projection(found.table, found.columns, wanted.columns)
    replaced = {}
    for column, value in normal(wanted.columns).items():
        if value == before[column]:
            continue
        if isinstance(value, dict) and (found.table, column) not in WHOLE_MAPS:
            stale = [key for key, text in before[column].items() if value.get(key) != text]
            fresh = {key: text for key, text in value.items() if before[column].get(key) != text}
            if stale:
                result.mutate(found.table, condition, column, "delete", encode(stale))
            if fresh:
                result.mutate(found.table, condition, column, "insert", encode(fresh))
        else:
            replaced[column] = encode(value)
    if replaced:
        update = {"op": "update", "table": found.table, "where": [["_uuid", "==", encode(found.uuid)]], "row": replaced}
        result.changes.append(update)


def _delete(result, row, have, want):
    if row.parent is None:
        result.changes.append({"op": "delete", "table": row.table, "where": [["_uuid", "==", encode(row.uuid)]]})
    elif row.parent.label is None:
        holder = (row.parent.column, "includes", [row.uuid])
        result.mutate(row.parent.table, holder, row.parent.column, "delete", encode([row.uuid]))
    elif row.parent.label in want:
        parent = have[row.parent.label]
        result.mutate(parent.table, ("_uuid", "==", parent.uuid), row.parent.column, "delete", encode([row.uuid]))
    # A row whose parent goes away goes with it.


def _add_link(result, link, target):
    condition = ("name", "==", link.name)
    result.expect(link.table, condition)
    result.mutate(link.table, condition, link.column, "insert", encode([target]))


def _drop_link(result, link, target):
    result.mutate(link.table, ("name", "==", link.name), link.column, "delete", encode([target]))
