"""The one engine of all modules: for each item read what there is, compare with what is wanted, apply the difference.

A module describes its kind of thing as a subclass of `Resource` and hands it to `converge`. Check mode, `--diff`,
results and errors for each item, batches and the deadline come from here and are the same everywhere. A module never
calls `exit_json` or `fail_json` itself.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import copy

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.tenrec.cloud.plugins.module_utils.deadline import Deadline

COMMON_ARGUMENTS = {
    "items": {"type": "list", "elements": "dict", "required": True},
    "deadline": {"type": "int", "default": 60},
}
STATE_ARGUMENT = {"state": {"type": "str", "choices": ["present", "absent"], "default": "present"}}
HIDDEN = "VALUE_HIDDEN"


class ItemError(Exception):
    """An item cannot be done; the message is shown to the tenant, so it says what was wrong and what would be valid."""


class EngineAway(ItemError):
    """The engine below (libvirt, an OVSDB server, tgtd, the image service) does not answer: another try may help."""


class Change:
    """One item on its way from what there is (`have`) to what is wanted (`want`).

    Both are documents of a form that the resource chooses; None means that the thing is not there, or shall not be.
    `before` and `after` are their JSON-able forms for the comparison and for `--diff`. `facts` is free for the
    resource.
    """

    def __init__(self, item, have, want):
        self.item = item
        self.have = have
        self.want = want
        self.before = None
        self.after = None
        self.facts = {}

    @property
    def differs(self):
        """Whether there is something to apply."""
        return self.before != self.after


class Resource:
    """What the engine must know of one kind of thing. Subclasses override what they need.

    Every method may raise: `ItemError` for what the item's owner can understand, anything else for what nobody
    expected.
    """

    item_spec = {}
    """One item's options, in the form of an argument_spec. `id` (string, required) is added to it."""
    batch = False
    """True: `read` and `apply` take all items in one go, and one by one when that failed."""
    workers = 1
    """Items worked on side by side when `batch` is false."""
    retry_on = ()
    """Exceptions of `apply` that say: what was read has changed meanwhile, read again and try again."""
    secrets = ()
    """Keys of documents whose values must not be shown in a diff."""

    def __init__(self, params, deadline, check_mode=False):
        self.params = params
        self.deadline = deadline
        self.check_mode = check_mode
        self.warnings = []

    def open(self):
        """Connect to the engine below. A failure here fails the task as a whole."""

    def close(self):
        """Let go of what `open` took."""

    def read(self, items):
        """Return a list: what there is of each item, in their order, None where there is nothing."""
        raise NotImplementedError

    def want(self, item, have):
        """Return the document that is wanted of an item. Not called for `state: absent`, which wants None."""
        raise NotImplementedError

    def need(self, there, problem):
        """Raise ItemError with `problem` unless what an item builds on is `there`.

        In check mode that is a warning: what was to make it may have been rehearsed as well.
        """
        if not there and not self.check_mode:
            raise ItemError(problem)
        if not there:
            self.warnings.append(problem)

    def compare(self, change):
        """Return the JSON-able documents before and after; they are equal when there is nothing to do."""
        return change.have, change.want

    def apply(self, changes):
        """Make the changes real. Never called in check mode, nor with a change that does not differ.

        A list of one unless `batch`. When it raises for a list of several, nothing of it may have been applied.
        """
        raise NotImplementedError

    def may_heal(self, problem):
        """Whether another try, some seconds later, may do what failed with `problem`."""
        return isinstance(problem, EngineAway)

    def facts(self, change):
        """Return what the item's result shall carry besides `id` and `changed`, after the change was applied."""
        return change.facts

    def settle(self, changes):
        """Wait, no longer than the deadline, for the effects of what was applied. May add to `warnings`."""


def converge(resource_class, argument_spec=None):
    """Run a module: the whole of its `main()`.

    The task fails as a whole when no item succeeded or the engine below cannot be reached; else it succeeds and each
    item's own result says how it went: `{id, changed, ...facts}` or `{id, error}`. An error, and a failed task, that
    another try may heal is marked `transient`.
    """
    module = _Module(
        argument_spec={**copy.deepcopy(COMMON_ARGUMENTS), **(argument_spec or {})},
        supports_check_mode=True,
    )
    deadline = Deadline(module.params["deadline"])
    resource = resource_class(module.params, deadline, module.check_mode)
    try:
        resource.open()
    except Exception as problem:
        module.fail_json(
            msg=describe_problem(problem), results=[], **_mark(resource.may_heal(problem)), **_invocation(module)
        )
    try:
        outcome = Convergence(resource, module).run(module.params["items"])
    finally:
        resource.close()
    for warning in resource.warnings:
        module.warn(warning)
    errors = [result for result in outcome["results"] if "error" in result]
    if errors and len(errors) == len(outcome["results"]):
        transient = all(result.get("transient") for result in errors)
        module.fail_json(msg=errors[0]["error"], **outcome, **_mark(transient), **_invocation(module))
    module.exit_json(**outcome, **_invocation(module))


def describe_problem(problem):
    """An exception as one line for a person: its own words when it was meant for them, else with its type."""
    if isinstance(problem, ItemError):
        return str(problem)
    return f"{type(problem).__name__}: {problem}"


def _mark(transient):
    return {"transient": True} if transient else {}


def masked(document, keys):
    """A copy of a JSON-able document in which the values of `keys`, at any depth, are hidden."""
    if isinstance(document, dict):
        return {
            key: HIDDEN if key in keys and value is not None else masked(value, keys) for key, value in document.items()
        }
    if isinstance(document, (list, tuple)):
        return [masked(value, keys) for value in document]
    return document


class Convergence:
    """One run of the engine over the items of one task."""

    def __init__(self, resource, module=None):
        """Arguments: module: where secrets of the items are registered; None in tests."""
        self._resource = resource
        self._module = module
        self._items = []
        self._results = []
        self._diffs = []

    def run(self, items):
        """Converge all items. Returns `results`, `changed` and `diff` as Ansible's module results."""
        self._items = items
        self._results = [None] * len(items)
        places = {}
        for place, item in enumerate(items):
            checked = self._guard(place, self._validated, item)
            if checked is not None:
                places[place] = checked
        if self._resource.batch or self._resource.workers == 1:
            applied = self._go(places)
        else:
            with concurrent.futures.ThreadPoolExecutor(self._resource.workers) as pool:
                parts = pool.map(self._go, [{place: item} for place, item in places.items()])
                applied = {place: change for part in parts for place, change in part.items()}
        if applied and not self._resource.check_mode:
            self._settle(list(applied.values()))
        return {
            "results": self._results,
            "changed": any(result.get("changed", False) for result in self._results),
            "diff": [diff for _place, diff in sorted(self._diffs, key=lambda pair: pair[0])],
        }

    def _settle(self, changes):
        try:
            self._resource.settle(changes)
        except Exception as problem:
            # What was applied stays applied; that nobody saw its effect does not make it a failure.
            self._resource.warnings.append(f"the effect of the change is not known: {describe_problem(problem)}")

    def _validated(self, item):
        spec = {"id": {"type": "str", "required": True}, **self._resource.item_spec}
        checked = ArgumentSpecValidator(spec).validate(item)
        if self._module is not None:
            self._module.no_log_values.update(checked._no_log_values)
        if checked.error_messages:
            raise ItemError("; ".join(checked.error_messages))
        return checked.validated_parameters

    def _guard(self, place, function, *arguments):
        """Call a function for the item at `place`; an exception becomes that item's error and None is returned."""
        try:
            return function(*arguments)
        except Exception as problem:
            self._fail(place, problem)
            return None

    def _fail(self, place, problem):
        self._results[place] = {
            "id": self._items[place].get("id"),
            "error": describe_problem(problem),
            **_mark(self._resource.may_heal(problem)),
        }

    def _go(self, places):
        """Converge the items in `places` ({position: item}). Returns the applied changes by position."""
        changes = {}
        for place, have in self._read(places).items():
            change = self._guard(place, self._planned, places[place], have)
            if change is not None:
                changes[place] = change
        different = {place: change for place, change in changes.items() if change.differs}
        if not self._resource.check_mode:
            self._apply(different)
        for place, change in changes.items():
            if self._results[place] is None:
                self._finish(place, change)
        return {place: change for place, change in different.items() if "error" not in self._results[place]}

    def _planned(self, item, have):
        absent = self._resource.params.get("state") == "absent"
        change = Change(item, have, None if absent else self._resource.want(item, have))
        change.before, change.after = self._resource.compare(change)
        return change

    def _read(self, places):
        if self._resource.batch and len(places) > 1:
            # When it fails the items are read again one by one, which tells whose fault it was.
            with contextlib.suppress(Exception):
                return dict(zip(places, self._resource.read(list(places.values())), strict=True))
        found = {}
        for place, item in places.items():
            try:
                found[place] = self._resource.read([item])[0]
            except Exception as problem:
                self._fail(place, problem)
        return found

    def _apply(self, changes):
        if self._resource.batch and len(changes) > 1:
            try:
                self._resource.apply(list(changes.values()))
                return
            except Exception:
                # One bad item must not sink the others: again, one by one, from what is there now.
                for place, change in changes.items():
                    self._guard(place, self._reapply, change)
                return
        for place, change in changes.items():
            self._guard(place, self._apply_alone, change)

    def _apply_alone(self, change):
        try:
            self._resource.apply([change])
        except self._resource.retry_on:
            self._reapply(change)

    def _reapply(self, change):
        for last_time in (False, False, True):
            fresh = self._planned(change.item, self._resource.read([change.item])[0])
            change.have, change.want, change.facts = fresh.have, fresh.want, fresh.facts
            # What the diff shows is the way from the first reading: another run may have gone a part of it.
            change.after = fresh.after
            if not fresh.differs:
                return
            try:
                self._resource.apply([change])
                return
            except self._resource.retry_on:
                if last_time:
                    raise

    def _finish(self, place, change):
        result = {"id": change.item["id"], "changed": change.differs}
        facts = self._guard(place, self._resource.facts, change)
        if facts is None:
            return
        self._results[place] = {**result, **facts}
        if change.differs:
            name = f"{type(self._resource).__name__} {change.item['id']}"
            diff = {
                "before_header": name,
                "after_header": name,
                "before": masked(change.before, self._resource.secrets) or {},
                "after": masked(change.after, self._resource.secrets) or {},
            }
            self._diffs.append((place, diff))


class _Module(AnsibleModule):
    """An AnsibleModule that keeps tenants' data out of the node's system log."""

    def _log_invocation(self):
        self.log(f"invoked for {len(self.params['items'])} items")


def _invocation(module):
    """The `invocation` of a result, without the items: each event of a run would carry them all once more."""
    arguments = {name: value for name, value in module.params.items() if name != "items"}
    return {"invocation": {"module_args": arguments}}
