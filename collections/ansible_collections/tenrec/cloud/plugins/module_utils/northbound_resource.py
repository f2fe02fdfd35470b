"""The base of all modules that write OVN's northbound database."""

from __future__ import annotations

import time

from ansible_collections.tenrec.cloud.plugins.module_utils.convergence import STATE_ARGUMENT, Resource
from ansible_collections.tenrec.cloud.plugins.module_utils.deadline import Deadline
from ansible_collections.tenrec.cloud.plugins.module_utils.northbound import comparison, operations
from ansible_collections.tenrec.cloud.plugins.module_utils.ovsdb import Ovsdb, OvsdbConflict, OvsdbError

ARGUMENTS = {
    **STATE_ARGUMENT,
    "northbound": {"type": "str", "default": "unix:/var/run/ovn/ovnnb_db.sock"},
    "southbound": {"type": "str", "default": "unix:/var/run/ovn/ovnsb_db.sock"},
    "sync": {"type": "str", "choices": ["none", "northd", "chassis"], "default": "chassis"},
    "sync_timeout": {"type": "float", "default": 3.0},
}
SILENT_AFTER_MS = 5000
"""A chassis that lags behind the change before ours for this long is probably dead."""
PATIENCE_WITH_THE_SILENT = 0.25
"""Seconds for a chassis that is probably dead. One that lives follows within some 40 ms."""


class NorthboundResource(Resource):
    """Items become documents of rows (see `northbound`), read in one go and written in one transaction."""

    batch = True
    retry_on = (OvsdbConflict,)

    def open(self):
        self.database = Ovsdb(self.params["northbound"], "OVN_Northbound", self.deadline)
        self._awaited = None

    def close(self):
        if getattr(self, "database", None):
            self.database.close()

    def may_heal(self, problem):
        # What is contested now will not be for ever.
        return isinstance(problem, OvsdbConflict) or super().may_heal(problem)

    def compare(self, change):
        return comparison(change.have, change.want)

    def apply(self, changes):
        transaction = [
            {
                "op": "select",
                "table": "NB_Global",
                "where": [],
                "columns": ["nb_cfg", "nb_cfg_timestamp"],
            },
            {"op": "mutate", "table": "NB_Global", "where": [], "mutations": [["nb_cfg", "+=", 1]]},
        ]
        for change in changes:
            transaction += operations(change.have, change.want).all
        answers = self.database.transact(transaction)
        for row in answers[0]["rows"]:
            self._awaited = Awaited(row["nb_cfg"], row["nb_cfg_timestamp"])

    def settle(self, changes):
        """Wait until northd, and every chassis that is not known to be silent, has done what was written."""
        if self.params["sync"] == "none" or self._awaited is None:
            return
        self.warnings += self._awaited.wait(self.params, self.deadline)


class Awaited:
    """What was written last, and the wait for it to be everywhere."""

    def __init__(self, previous, previous_timestamp):
        """Arguments: previous: the change before ours, by number. previous_timestamp: when northd did it, in ms."""
        self._previous = previous
        self._previous_timestamp = previous_timestamp
        self._target = previous + 1

    def wait(self, params, deadline):
        """Wait for northd and then the chassis, for `sync_timeout` seconds at most. Returns warnings."""
        patience = Deadline(deadline.remaining(at_most=params["sync_timeout"]))
        try:
            southbound = Ovsdb(params["southbound"], "OVN_Southbound", patience)
        except OvsdbError as problem:
            return [f"the change is written, but whether it is in force is not known: {problem}"]
        try:
            return self._wait(southbound, params["sync"])
        except OvsdbError as problem:
            return [f"the change is written, but whether it is in force is not known: {problem}"]
        finally:
            southbound.close()

    def _wait(self, southbound, sync):
        rows, reached = southbound.watch(
            "SB_Global", ["nb_cfg"], lambda rows: any(row["nb_cfg"] >= self._target for row in rows)
        )
        if not reached:
            return ["the change is written, but ovn-northd has not taken it up yet"]
        if sync == "northd":
            return []
        table, columns = "Chassis_Private", ["name", "nb_cfg", "nb_cfg_timestamp"]
        silent = {row["name"] for row in southbound.select([(table, [], columns)])[0] if self._is_silent(row)}
        if silent:
            southbound.watch(table, columns, lambda rows: not self._late(rows), Deadline(PATIENCE_WITH_THE_SILENT))
        rows, _reached = southbound.watch(table, columns, lambda rows: not self._late(rows) - silent)
        late = sorted(self._late(rows))
        return [f"these chassis have not followed the change yet: {', '.join(late)}"] if late else []

    def _late(self, rows):
        return {row["name"] for row in rows if row["nb_cfg"] < self._target}

    def _is_silent(self, row):
        """Whether a chassis has not followed the change before ours, which was some time ago or long after its last.

        The last sign of a chassis is old also when nothing was changed for long, so this is a suspicion and no proof.
        """
        since_previous = time.time() * 1000 - self._previous_timestamp
        between = self._previous_timestamp - row["nb_cfg_timestamp"]
        return row["nb_cfg"] < self._previous and max(since_previous, between) > SILENT_AFTER_MS


def only(rows):
    """The one row of a query by a unique name, or None."""
    return rows[0] if rows else None
