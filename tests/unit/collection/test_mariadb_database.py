"""Which statements bring a MariaDB database and its account to what is wanted."""

from ansible_collections.tenrec.cloud.plugins.modules.mariadb_database import statements, wanted


def test_nothing_there():
    assert statements("tenrec", dict.fromkeys(wanted())) == [
        "CREATE DATABASE `tenrec` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
        "CREATE USER `tenrec`@`localhost` IDENTIFIED VIA unix_socket",
        "GRANT ALL PRIVILEGES ON `tenrec`.* TO `tenrec`@`localhost`",
    ]


def test_all_there():
    assert statements("tenrec", wanted()) == []


def test_account_with_a_password_loses_it():
    have = wanted() | {"plugin": "mysql_native_password"}
    assert statements("tenrec", have) == ["ALTER USER `tenrec`@`localhost` IDENTIFIED VIA unix_socket"]


def test_grant_reaches_no_database_whose_name_only_looks_alike():
    have = wanted() | {"owns": False}
    assert statements("a_b", have) == [r"GRANT ALL PRIVILEGES ON `a\_b`.* TO `a_b`@`localhost`"]
