#!/usr/bin/python
# Copyright: the Tenrec authors
# SPDX-License-Identifier: Apache-2.0
"""Keep the settings of an OVSDB server's one global row: maps such as external_ids, and where the server listens."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ovsdb_settings
short_description: Keep the global settings of Open vSwitch or an OVN database
description:
  - Sets keys of map columns of the only row of a global table (C(Open_vSwitch), C(NB_Global), C(SB_Global)).
    Keys that are not named are left alone.
  - Keeps the list of addresses on which the database's server listens.
  - Waits for the server to answer. In check mode a server that is not there would be set up whole.
options:
  database:
    description: Name of the database and of what it is for.
    type: str
    required: true
    choices: [Open_vSwitch, OVN_Northbound, OVN_Southbound]
  connection:
    description: The server, C(unix:PATH). The default is where Debian's packages put it.
    type: str
  maps:
    description: For each map column its wanted keys. A key whose value is null shall not be there.
    type: dict
    default: {}
  listeners:
    description: The addresses on which the server listens beside its own socket. Not managed when absent.
    type: list
    elements: dict
    suboptions:
      target:
        description: For example C(pssl:6642:192.0.2.10).
        type: str
        required: true
      role:
        description:
          - Role that bounds what clients of this address may write; empty for no bound. Southbound database only.
        type: str
        default: ""
      inactivity_probe:
        description: Milliseconds after which a silent client is probed; 0 for never.
        type: int
        default: 60000
  deadline:
    description: Seconds to wait for the server.
    type: int
    default: 20
author:
  - Tenrec (@tenrec)
"""

EXAMPLES = r"""
- name: Say which host this is and how others reach it
  tenrec.cloud.ovsdb_settings:
    database: Open_vSwitch
    maps:
      external_ids:
        ovn-encap-type: geneve
        ovn-encap-ip: 192.0.2.10
        ovn-cms-options: null
"""

RETURN = r"""
before:
  description: What there was of the named keys and the listeners.
  returned: always
  type: dict
after:
  description: What there is now, or in check mode would be.
  returned: always
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.tenrec.cloud.plugins.module_utils.deadline import Deadline
from ansible_collections.tenrec.cloud.plugins.module_utils.ovsdb import Ovsdb, OvsdbError, encode, new_name

DATABASES = {
    "Open_vSwitch": ("Open_vSwitch", "unix:/run/openvswitch/db.sock", "manager_options", "Manager"),
    "OVN_Northbound": ("NB_Global", "unix:/run/ovn/ovnnb_db.sock", "connections", "Connection"),
    "OVN_Southbound": ("SB_Global", "unix:/run/ovn/ovnsb_db.sock", "connections", "Connection"),
}
"""Of each database: the global table, the default connection, the column of listeners and their table."""


def wanted_maps(maps):
    """The maps as the database would hold them: text, and no key without a value. Booleans as OVS has them."""
    return {
        column: {key: _text(value) for key, value in keys.items() if value is not None} for column, keys in maps.items()
    }


def _text(value):
    return str(value).lower() if isinstance(value, bool) else str(value)


def found_maps(row, maps):
    """Of the row's maps, the keys that the arguments name."""
    return {
        column: {key: text for key, text in row.get(column, {}).items() if key in keys} for column, keys in maps.items()
    }


def map_operations(table, before, after):
    """The operations that lead from one set of maps to the other."""
    mutations = []
    for column, keys in after.items():
        stale = [key for key, text in before[column].items() if keys.get(key) != text]
        fresh = {key: text for key, text in keys.items() if before[column].get(key) != text}
        if stale:
            mutations.append([column, "delete", encode(stale)])
        if fresh:
            mutations.append([column, "insert", encode(fresh)])
    return [{"op": "mutate", "table": table, "where": [], "mutations": mutations}] if mutations else []


def found_listeners(rows):
    """The listeners' rows as the arguments describe them."""
    found = [
        {"target": row["target"], "role": row.get("role", ""), "inactivity_probe": row["inactivity_probe"] or 0}
        for row in rows
    ]
    return sorted(found, key=lambda listener: listener["target"])


def listener_operations(table, column, listener_table, listeners):
    """The operations that put these listeners in the place of all others."""
    operations, names = [], []
    for listener in listeners:
        name = new_name()
        row = {"target": listener["target"], "inactivity_probe": listener["inactivity_probe"]}
        if listener["role"]:
            row["role"] = listener["role"]
        operations.append({"op": "insert", "table": listener_table, "uuid-name": str(name), "row": row})
        names.append(name)
    operations.append({"op": "update", "table": table, "where": [], "row": {column: encode(names)}})
    return operations


def connect(connection, database, deadline):
    """Connect to a server that may just be starting. Raises OvsdbError when it does not answer in time."""
    problem = []

    def attempt():
        try:
            return Ovsdb(connection, database, deadline)
        except OvsdbError as error:
            problem[:] = [error]
            return None

    server = deadline.wait_until(attempt, interval=0.1)
    if server is None:
        raise problem[0]
    return server


def read(server, database, options):
    """The document of what there is."""
    table, _connection, _column, listener_table = DATABASES[database]
    columns = sorted(options["maps"])
    rows = server.select([(table, [], columns)])[0]
    document = {"maps": found_maps(rows[0] if rows else {}, options["maps"])}
    if options["listeners"] is not None:
        names = ["target", "inactivity_probe"] + (["role"] if database == "OVN_Southbound" else [])
        document["listeners"] = found_listeners(server.select([(listener_table, [], names)])[0])
    return document


def apply(server, database, before, after):
    """Write the difference in one transaction."""
    table, _connection, column, listener_table = DATABASES[database]
    if not server.select([(table, [], ["_uuid"])])[0]:
        # A fresh database lacks its one row until a first client makes it.
        server.transact([{"op": "insert", "table": table, "row": {}}])
    operations = map_operations(table, before["maps"], after["maps"])
    if before.get("listeners") != after.get("listeners"):
        operations += listener_operations(table, column, listener_table, after["listeners"])
    if database == "Open_vSwitch":
        # What a changed next_cfg tells: ovs-vswitchd shall read its configuration again.
        operations.append({"op": "mutate", "table": table, "where": [], "mutations": [["next_cfg", "+=", 1]]})
    server.transact(operations)


def main():
    listener_spec = {
        "target": {"type": "str", "required": True},
        "role": {"type": "str", "default": ""},
        "inactivity_probe": {"type": "int", "default": 60000},
    }
    module = AnsibleModule(
        argument_spec={
            "database": {"type": "str", "required": True, "choices": sorted(DATABASES)},
            "connection": {"type": "str"},
            "maps": {"type": "dict", "default": {}},
            "listeners": {"type": "list", "elements": "dict", "options": listener_spec},
            "deadline": {"type": "int", "default": 20},
        },
        supports_check_mode=True,
    )
    options, database = module.params, module.params["database"]
    after = {"maps": wanted_maps(options["maps"])}
    if options["listeners"] is not None:
        after["listeners"] = sorted(options["listeners"], key=lambda listener: listener["target"])
    before = {"maps": {column: {} for column in after["maps"]}, "listeners": []}
    # In check mode a server that is not there yet is not worth a wait.
    deadline = Deadline(1 if module.check_mode else options["deadline"])
    server = None
    try:
        server = connect(options["connection"] or DATABASES[database][1], database, deadline)
        before = read(server, database, options)
        if before != after and not module.check_mode:
            apply(server, database, before, after)
    except OvsdbError as error:
        if server is not None or not module.check_mode:
            module.fail_json(msg=str(error))
    finally:
        if server is not None:
            server.close()
    module.exit_json(changed=before != after, before=before, after=after, diff={"before": before, "after": after})


if __name__ == "__main__":
    main()
