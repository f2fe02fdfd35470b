"""Summing up events: what the tests with a real run cannot easily bring about."""

from tenrec_api.orchestration.events import KILLED, Collector


def ok(task, results, **data):
    return {"event": "runner_on_ok", "event_data": {"task": task, "host": "c1", "res": {"results": results}, **data}}


def test_facts_of_several_tasks_come_together():
    collector = Collector([{"id": "a"}])
    collector.handle(ok("one", [{"id": "a", "changed": False, "size": 1}]))
    collector.handle(ok("two", [{"id": "a", "changed": True, "path": "x"}]))
    outcome = collector.finish("successful").outcomes["a"]
    assert outcome.facts == {"size": 1, "path": "x"} and outcome.changed and outcome.fault is None


def test_a_part_speaks_for_the_item_that_it_belongs_to():
    collector = Collector([{"id": "server", "ports": [{"id": "port"}]}, {"id": "other", "ports": [{"id": "free"}]}])
    collector.handle(ok("Bind the ports", [{"id": "port", "error": "no chassis"}, {"id": "free", "chassis": "c1"}]))
    result = collector.finish("successful")
    assert result.outcomes["server"].fault.message == "no chassis"
    assert result.outcomes["other"].facts == {"parts": {"free": {"chassis": "c1"}}}


def test_what_a_tenant_typed_speaks_for_nothing():
    evil = {"id": "mine", "config_drive": {"meta_data": {"meta": {"id": "other"}}, "list": [{"id": "other"}]}}
    collector = Collector([evil, {"id": "other"}])
    collector.handle(ok("Do it", [{"id": "other", "error": "broken"}, {"id": "mine"}]))
    result = collector.finish("successful")
    assert result.outcomes["mine"].fault is None
    assert result.outcomes["other"].fault.message == "broken"


def test_the_results_of_a_loop_are_results_of_modules():
    collector = Collector([{"id": "a"}, {"id": "b"}])
    inner = [{"results": [{"id": "a"}]}, {"results": [{"id": "b", "error": "broken"}]}]
    collector.handle(ok("Each", inner, event_loop="items"))
    result = collector.finish("successful")
    assert result.outcomes["a"].fault is None and result.outcomes["b"].fault.message == "broken"


def test_an_ignored_failure_is_none():
    collector = Collector([{"id": "a"}])
    data = {"task": "Try", "host": "c1", "ignore_errors": True, "res": {"msg": "no", "results": [{"id": "a"}]}}
    collector.handle({"event": "runner_on_failed", "event_data": data})
    assert collector.finish("successful").outcomes["a"].fault is None


def test_secrets_are_hidden_in_faults_and_output():
    collector = Collector([{"id": "a", "volumes": [{"id": "v", "chap_password": "swordfish"}]}])
    collector.handle({"event": "verbose", "stdout": "\x1b[0;31mlogin with swordfish failed\x1b[0m"})
    collector.handle(ok("Log in", [{"id": "a", "error": "swordfish was refused"}]))
    result = collector.finish("failed")
    assert result.outcomes["a"].fault.message == "******** was refused"
    assert result.output == "login with ******** failed"


def test_results_that_keep_to_no_contract_do_no_harm():
    collector = Collector([{"id": "a"}])
    for results in (None, "text", [None, 1, "a", {"no": "id"}, {"id": ["a"]}, {"id": "stranger", "error": "x"}]):
        collector.handle(ok("Odd", results))
    collector.handle({"event": "runner_on_ok"})
    collector.handle({})
    assert "without a word" in collector.finish("successful").outcomes["a"].fault.message


def test_a_run_that_says_nothing_at_all_still_has_a_fault():
    result = Collector([{"id": "a"}]).finish("failed")
    assert result.outcomes["a"].fault.message


def failed(task, **result):
    return {"event": "runner_on_failed", "event_data": {"task": task, "host": "c1", "res": result}}


def test_what_a_module_says_may_heal_is_transient_and_no_fact():
    collector = Collector([{"id": "a"}, {"id": "b"}, {"id": "c"}])
    away = {"id": "a", "error": "libvirt is away", "transient": True}
    collector.handle(ok("Start it", [away, {"id": "b", "error": "wrong"}, {"id": "c", "transient": True}]))
    outcomes = collector.finish("successful").outcomes
    assert (outcomes["a"].fault.transient, outcomes["a"].fault.own) == (True, True)
    assert (outcomes["b"].fault.transient, outcomes["c"].fault, outcomes["c"].facts) == (False, None, {})


def test_a_module_that_could_not_work_at_all_may_heal():
    collector = Collector([{"id": "a"}])
    collector.handle(failed("Start it", msg="libvirt is away", results=[], transient=True))
    fault = collector.finish("failed").outcomes["a"].fault
    assert (fault.task, fault.transient, fault.own) == ("Start it", True, False)


def test_what_a_signal_ended_may_heal():
    result = Collector([{"id": "a"}]).finish(KILLED)
    assert (result.status, result.outcomes["a"].fault.transient) == ("failed", True)
    collector = Collector([{"id": "a"}])
    collector.handle({"event": "verbose", "stdout": "[ERROR]: A worker was found in a dead state"})
    assert collector.finish("failed").outcomes["a"].fault.transient
