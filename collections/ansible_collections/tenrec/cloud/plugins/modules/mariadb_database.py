#!/usr/bin/python
# Copyright: the Tenrec authors
# SPDX-License-Identifier: Apache-2.0
"""Keep a MariaDB database and the account that owns it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: mariadb_database
short_description: Keep a MariaDB database and the account that owns it
description:
  - The account is known by the operating system's user of the same name, over the server's socket
    (authentication plugin C(unix_socket)), so there is no password that could leak.
  - Must run as a user whom the server knows as an administrator, which is C(root) on Debian.
requirements: [PyMySQL]
options:
  name:
    description: Name of the database and of the account. Small letters, digits and V(_).
    type: str
    required: true
  socket:
    description: The server's socket.
    type: path
    default: /run/mysqld/mysqld.sock
author:
  - Tenrec (@tenrec)
"""

EXAMPLES = r"""
- name: Make the database
  tenrec.cloud.mariadb_database:
    name: tenrec
"""

RETURN = r"""
statements:
  description: The statements that were, or in check mode would be, executed.
  returned: always
  type: list
"""

import re
import traceback

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

try:
    import pymysql

    IMPORT_ERROR = None
except ImportError:
    IMPORT_ERROR = traceback.format_exc()

NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
CHARACTER_SET, COLLATION = "utf8mb4", "utf8mb4_bin"


def read_have(cursor, name):
    """The present state: collation (None: no database), plugin (None: no account), whether it owns the database."""
    cursor.execute("SELECT DEFAULT_COLLATION_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = %s", (name,))
    database = cursor.fetchone()
    cursor.execute("SELECT plugin FROM mysql.user WHERE User = %s AND Host = 'localhost'", (name,))
    account = cursor.fetchone()
    # In a grant the database is a pattern, in which an underscore must be escaped.
    cursor.execute(
        "SELECT Create_priv, Alter_priv, Delete_priv FROM mysql.db WHERE User = %s AND Host = 'localhost' AND Db = %s",
        (name, name.replace("_", r"\_")),
    )
    return {
        "collation": database[0] if database else None,
        "plugin": account[0] if account else None,
        "owns": cursor.fetchone() == ("Y", "Y", "Y"),
    }


def wanted():
    """The state that the module keeps."""
    return {"collation": COLLATION, "plugin": "unix_socket", "owns": True}


def statements(name, have):
    """The SQL statements that turn `have` into what is wanted. `name` must match NAME: it is not quoted further."""
    want, result = wanted(), []
    if have["collation"] is None:
        result.append(f"CREATE DATABASE `{name}` CHARACTER SET {CHARACTER_SET} COLLATE {COLLATION}")
    elif have["collation"] != want["collation"]:
        result.append(f"ALTER DATABASE `{name}` CHARACTER SET {CHARACTER_SET} COLLATE {COLLATION}")
    if have["plugin"] is None:
        result.append(f"CREATE USER `{name}`@`localhost` IDENTIFIED VIA unix_socket")
    elif have["plugin"] != want["plugin"]:
        result.append(f"ALTER USER `{name}`@`localhost` IDENTIFIED VIA unix_socket")
    if not have["owns"]:
        pattern = name.replace("_", r"\_")
        result.append(f"GRANT ALL PRIVILEGES ON `{pattern}`.* TO `{name}`@`localhost`")
    return result


def main():
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "socket": {"type": "path", "default": "/run/mysqld/mysqld.sock"},
        },
        supports_check_mode=True,
    )
    if IMPORT_ERROR:
        if module.check_mode:
            module.exit_json(changed=True, statements=statements(module.params["name"], dict.fromkeys(wanted())))
        module.fail_json(msg=missing_required_lib("PyMySQL (python3-pymysql)"), exception=IMPORT_ERROR)
    name = module.params["name"]
    if not NAME.fullmatch(name):
        module.fail_json(msg=f"name: {name!r} is no valid name; use a small letter, then up to 31 of a-z, 0-9 and _")
    try:
        connection = pymysql.connect(unix_socket=module.params["socket"], user="root", autocommit=True)
        with connection, connection.cursor() as cursor:
            have = read_have(cursor, name)
            todo = statements(name, have)
            if not module.check_mode:
                for statement in todo:
                    cursor.execute(statement)
    except pymysql.MySQLError as error:
        if module.check_mode and error.args[0] == 2003:
            module.exit_json(changed=True, statements=statements(name, dict.fromkeys(wanted())))
        module.fail_json(msg=f"{module.params['socket']}: {error}")
    module.exit_json(changed=bool(todo), statements=todo, diff={"before": have, "after": wanted()})


if __name__ == "__main__":
    main()
