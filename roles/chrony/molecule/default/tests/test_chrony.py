"""What chrony does in a container, whose clock is not its own."""


def test_runs_without_setting_the_clock(host):
    assert host.service("chrony").is_running
    assert host.service("chrony").is_enabled
    assert " -x" in host.check_output("ps -o args= -C chronyd")


def test_answers_root_and_knows_no_wrong_time(host):
    leap_status = host.check_output("chronyc -n -c tracking").split(",")[-1]
    assert leap_status in ("Normal", "Not synchronised")


def test_serves_nobody(host):
    listening = host.check_output("ss -Hlnup")
    assert "chronyd" not in listening
