"""What a program gets from the warm Python, and what is left of it without the service."""

import time

import pytest

PYTHON = "/opt/tenrec/warm/python"
PARENT = "import os; print(open(f'/proc/{os.getppid()}/cmdline').read())"


def pipe(host, program):
    return host.run(f'echo "{program}" | {PYTHON}')


def is_warm(host):
    return "server.py" in pipe(host, PARENT).stdout


@pytest.fixture
def away(host):
    host.check_output("systemctl stop warm-python")
    yield
    host.check_output("systemctl start warm-python")


def test_a_program_runs_in_a_fork_of_the_service(host):
    assert host.service("warm-python").is_running
    assert host.service("warm-python").is_enabled
    assert is_warm(host)


def test_only_root_reaches_the_socket(host):
    assert host.file("/run/warm-python").mode == 0o700
    assert host.file("/run/warm-python/python").mode == 0o600


def test_a_program_has_its_callers_streams_and_surroundings(host):
    program = "import os, sys; print(os.getcwd(), os.environ['WHO']); print('bad', file=sys.stderr); sys.exit(7)"
    result = host.run(f'cd /var && umask 027 && echo "{program}" | WHO=me {PYTHON}')
    assert (result.stdout, result.stderr, result.rc) == ("/var me\n", "bad\n", 7)


def test_it_is_the_nodes_python(host):
    assert pipe(host, "import sys; print(sys.executable)").stdout.strip() == "/opt/tenrec/node/bin/python"


def test_an_error_is_shown_as_python_shows_it(host):
    result = pipe(host, "1 / 0")
    assert result.rc == 1 and "ZeroDivisionError" in result.stderr


def test_arguments_are_for_an_ordinary_python(host):
    assert host.check_output(f"{PYTHON} -c 'print(6 * 7)'") == "42"


def test_settings_for_python_are_heeded_by_an_ordinary_python(host):
    result = host.run(f'echo "import sys; print(sys.flags.optimize)" | PYTHONOPTIMIZE=1 {PYTHON}')
    assert result.stdout == "1\n"


def test_a_program_ends_with_its_client(host):
    host.run(f'echo "import time; time.sleep(7654)" | timeout -s KILL 2 {PYTHON}')
    assert host.run("pgrep -f -- 'sleep.7654'").rc == 1
    forks = host.check_output("pgrep -c -f warm/server.py")
    assert forks == "1", "a fork of the service goes on"


def test_without_the_service_it_is_an_ordinary_python(host, away):
    assert not is_warm(host)
    assert pipe(host, "print(6 * 7)").stdout == "42\n"


def test_a_service_that_hangs_is_not_waited_for(host):
    host.check_output("pkill -STOP -f warm/server.py")
    try:
        assert pipe(host, "print(6 * 7)").stdout == "42\n"
    finally:
        host.check_output("pkill -CONT -f warm/server.py")
    # It first takes leave of those who did not wait.
    until = time.monotonic() + 30
    while not is_warm(host):
        assert time.monotonic() < until
