"""The want/have engine, on a resource that lives in a dict."""

import pytest
from ansible_collections.tenrec.cloud.plugins.module_utils.convergence import (
    HIDDEN,
    Convergence,
    EngineAway,
    ItemError,
    Resource,
)
from ansible_collections.tenrec.cloud.plugins.module_utils.deadline import Deadline


class Interrupted(Exception):
    """What the shelf raises when somebody else was faster."""


class Shelf(Resource):
    """Keeps a document for each id in `stock`.

    `broken` ids cannot be written; writing `contested` ones fails as often as they say.
    """

    item_spec = {"colour": {"type": "str"}, "secret": {"type": "str", "no_log": True}, "size": {"type": "int"}}
    retry_on = (Interrupted,)
    secrets = ("secret",)

    def __init__(self, stock=None, state="present", check_mode=False, broken=(), contested=None):
        super().__init__({"state": state}, Deadline(10), check_mode)
        self.stock = {} if stock is None else stock
        self.broken = broken
        self.contested = dict(contested or {})
        self.applied = []
        self.settled = []

    def read(self, items):
        return [self.stock.get(item["id"]) for item in items]

    def want(self, item, have):
        if item["colour"] == "dark":
            raise EngineAway("the lamp does not answer")
        if item["colour"] == "infrared":
            raise ItemError("infrared is not a colour that can be seen")
        return {"colour": item["colour"], "secret": item["secret"]}

    def apply(self, changes):
        self.applied.append([change.item["id"] for change in changes])
        for change in changes:
            if change.item["id"] in self.broken:
                raise OSError("no space on the shelf")
            if self.contested.get(change.item["id"], 0):
                self.contested[change.item["id"]] -= 1
                raise Interrupted("somebody else was faster")
        for change in changes:
            if change.want is None:
                del self.stock[change.item["id"]]
            else:
                self.stock[change.item["id"]] = change.want

    def facts(self, change):
        return {"shelved": change.want is not None}

    def settle(self, changes):
        self.settled += [change.item["id"] for change in changes]


class WholeShelf(Shelf):
    """The same, all items in one go."""

    batch = True


class ParallelShelf(Shelf):
    """The same, four items side by side."""

    workers = 4


def item(name, colour="red", **more):
    return {"id": name, "colour": colour, **more}


def run(shelf, items):
    return Convergence(shelf).run(items)


@pytest.mark.parametrize("kind", [Shelf, WholeShelf, ParallelShelf])
def test_a_second_run_changes_nothing(kind):
    shelf = kind()
    first = run(shelf, [item("a"), item("b", "blue")])
    second = run(shelf, [item("a"), item("b", "blue")])
    assert first["results"] == [
        {"id": "a", "changed": True, "shelved": True},
        {"id": "b", "changed": True, "shelved": True},
    ]
    assert [result["changed"] for result in second["results"]] == [False, False]
    assert (first["changed"], second["changed"], second["diff"]) == (True, False, [])
    assert sum(len(batch) for batch in shelf.applied) == 2


@pytest.mark.parametrize("kind", [Shelf, WholeShelf, ParallelShelf])
def test_a_bad_item_does_not_sink_the_others(kind):
    shelf = kind(broken=("b",))
    outcome = run(shelf, [item("a"), item("b"), item("c", "infrared"), {"id": "d", "size": "wide"}, item("e")])
    assert [result["id"] for result in outcome["results"]] == list("abcde")
    errors = {result["id"]: result.get("error") for result in outcome["results"]}
    assert errors["a"] is errors["e"] is None
    assert errors["b"] == "OSError: no space on the shelf"
    assert errors["c"] == "infrared is not a colour that can be seen"
    assert "size" in errors["d"] and "wide" in errors["d"]
    assert sorted(shelf.stock) == ["a", "e"]
    assert sorted(shelf.settled) == ["a", "e"]
    assert all("changed" not in result for result in outcome["results"] if "error" in result)


@pytest.mark.parametrize("kind", [Shelf, WholeShelf, ParallelShelf])
def test_what_another_try_may_heal_is_marked(kind):
    outcome = run(kind(broken=("b",)), [item("a", "dark"), item("b"), item("c")])
    assert outcome["results"] == [
        {"id": "a", "error": "the lamp does not answer", "transient": True},
        {"id": "b", "error": "OSError: no space on the shelf"},
        {"id": "c", "changed": True, "shelved": True},
    ]


def test_a_batch_is_one_write():
    shelf = WholeShelf()
    run(shelf, [item(str(number)) for number in range(50)])
    assert [len(batch) for batch in shelf.applied] == [50]


@pytest.mark.parametrize("kind", [Shelf, WholeShelf])
def test_what_was_contested_is_tried_again(kind):
    shelf = kind(contested={"a": 2})
    outcome = run(shelf, [item("a")])
    assert outcome["results"] == [{"id": "a", "changed": True, "shelved": True}]


def test_what_stays_contested_is_an_error():
    outcome = run(Shelf(contested={"a": 99}), [item("a")])
    assert outcome["results"] == [{"id": "a", "error": "Interrupted: somebody else was faster"}]


@pytest.mark.parametrize(("check_mode", "warnings"), [(False, []), (True, ["there is no wall"])])
def test_what_an_item_builds_on_may_be_missing_in_check_mode_only(check_mode, warnings):
    class Hung(Shelf):
        def want(self, item, have):
            self.need(item["size"], "there is no wall")
            return super().want(item, have)

    shelf = Hung(check_mode=check_mode)
    lost, held = Convergence(shelf).run([item("lost"), item("held", size=1)])["results"]
    assert (lost.get("changed"), lost.get("error")) == ((True, None) if check_mode else (None, "there is no wall"))
    assert held["changed"] is True
    assert shelf.warnings == warnings


def test_check_mode_says_the_same_and_writes_nothing():
    stock = {"old": {"colour": "green", "secret": None}}
    real = run(Shelf(dict(stock)), [item("old"), item("new")])
    shelf = Shelf(stock, check_mode=True)
    assert run(shelf, [item("old"), item("new")]) == real
    assert shelf.applied == [] and shelf.settled == []
    assert stock == {"old": {"colour": "green", "secret": None}}


def test_absent_wants_nothing_and_asks_for_nothing_but_the_id():
    shelf = Shelf({"a": {"colour": "red", "secret": None}}, state="absent")
    outcome = run(shelf, [{"id": "a"}, {"id": "never there"}])
    assert [result["changed"] for result in outcome["results"]] == [True, False]
    assert shelf.stock == {}


def test_a_diff_hides_secrets_and_shows_the_rest():
    shelf = Shelf({"a": {"colour": "red", "secret": "old"}})
    diff = run(shelf, [item("a", "blue", secret="new")])["diff"]
    assert [(part["before"], part["after"]) for part in diff] == [
        ({"colour": "red", "secret": HIDDEN}, {"colour": "blue", "secret": HIDDEN})
    ]


def test_a_wait_that_fails_is_a_warning():
    shelf = Shelf()
    shelf.settle = lambda changes: (_ for _ in ()).throw(ConnectionError("nobody answers"))
    assert run(shelf, [item("a")])["results"] == [{"id": "a", "changed": True, "shelved": True}]
    assert shelf.warnings == ["the effect of the change is not known: ConnectionError: nobody answers"]


def test_an_item_without_an_id_is_an_error_of_its_own():
    outcome = run(Shelf(), [{"colour": "red"}, item("b")])
    assert outcome["results"][0]["id"] is None
    assert "id" in outcome["results"][0]["error"]
    assert outcome["results"][1]["changed"] is True


def test_an_unknown_key_is_named():
    outcome = run(Shelf(), [item("a", colur="red")])
    assert "colur" in outcome["results"][0]["error"]


@pytest.mark.parametrize(("asked", "left"), [(None, 4.0), (1, 1), (9, 4.0)])
def test_a_deadline_counts_down(asked, left):
    moments = iter([100.0, 106.0])
    deadline = Deadline(10, clock=lambda: next(moments))
    assert deadline.remaining(at_most=asked) == left


def test_a_deadline_ends_a_wait():
    now = [0.0]
    deadline = Deadline(1, clock=lambda: now[0])

    def sleep(seconds):
        now[0] += seconds

    asked = []
    assert deadline.wait_until(lambda: asked.append(now[0]), interval=0.4, sleep=sleep) is None
    assert asked == pytest.approx([0.0, 0.4, 0.8, 1.0])
    assert deadline.passed
