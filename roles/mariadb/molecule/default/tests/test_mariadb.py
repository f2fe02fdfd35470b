"""What the application, and others on the host, may do with the database."""


def query(host, user, statement, database=""):
    return host.run("runuser -u %s -- mariadb -N -B -u tenrec -e %s %s", user, statement, database)


def test_the_system_user_needs_no_password(host):
    result = query(
        host, "tenrec", "CREATE TABLE t (i int); INSERT INTO t VALUES (7); SELECT i FROM t; DROP TABLE t", "tenrec"
    )
    assert result.stdout.strip() == "7"


def test_another_user_is_refused(host):
    result = query(host, "nobody", "SELECT 1")
    assert result.rc != 0
    assert "Access denied" in result.stderr


def test_the_account_sees_its_own_database_only(host):
    assert query(host, "tenrec", "SHOW DATABASES").stdout.split() == ["information_schema", "tenrec"]


def test_listens_on_no_port(host):
    assert "mariadbd" not in host.check_output("ss -Hltnp")


def test_statements_see_what_is_committed(host):
    assert query(host, "tenrec", "SELECT @@tx_isolation").stdout.strip() == "READ-COMMITTED"


def test_names_keep_case_and_any_character(host):
    statement = (
        "CREATE TABLE n (t varchar(9) UNIQUE);"
        "INSERT INTO n VALUES ('a'), ('A'), (CHAR(0xF09F90BE USING utf8mb4));"
        "SELECT COUNT(*) FROM n; DROP TABLE n"
    )
    assert query(host, "tenrec", statement, "tenrec").stdout.strip() == "3"


def test_is_there_after_a_reboot(host):
    assert host.service("mariadb").is_enabled
