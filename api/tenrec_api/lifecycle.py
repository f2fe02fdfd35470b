"""The states of every resource and the legal steps between them. Every change of state passes one of these tables.

The spelling is OpenStack's. A step from a state to itself is always legal: every workflow is a converge and may be
run twice.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from tenrec_api.exceptions import Conflict


class IllegalTransition(Conflict):
    """The resource is in a state from which this step is not legal (409)."""


@dataclass(frozen=True)
class Lifecycle:
    """The transition table of one noun: for each state, the states that may follow it.

    `settled` are the states in which a resource may stay. In every other one something is being done to it, which ends.
    """

    noun: str
    steps: Mapping[str, frozenset[str]]
    settled: frozenset[str]

    @property
    def states(self) -> frozenset[str]:
        """All states, final ones included."""
        return frozenset(self.steps)

    @property
    def passing(self) -> frozenset[str]:
        """The states that belong to something that is being done; see services.stranded for when nothing is."""
        return self.states - self.settled

    def allows(self, old: str, new: str) -> bool:
        """Whether a resource in state `old` may go to `new`. An unknown state allows nothing and is allowed nowhere."""
        return old in self.steps and new in self.steps and (old == new or new in self.steps[old])

    def step(self, old: str, new: str) -> str:
        """Return `new` when the step is legal; raises IllegalTransition, naming what would be, when it is not."""
        if not self.allows(old, new):
            valid = ", ".join(sorted(self.steps.get(old, ()))) or "none"
            raise IllegalTransition(f"The {self.noun} cannot go from {old} to {new}; from {old} it can go to: {valid}.")
        return new


def _table(noun: str, settled: str, **steps: str) -> Lifecycle:
    """Make a table of space-separated states. `_named` is for nouns of which a state has a dash in its name."""
    return _named(noun, settled, steps)


def _named(noun: str, settled: str, steps: Mapping[str, str]) -> Lifecycle:
    table = {state: frozenset(after.split()) for state, after in steps.items()}
    unknown = frozenset(settled.split()).union(*table.values()) - table.keys()
    if unknown:
        raise ValueError(f"The states {sorted(unknown)} of a {noun} are entered but have no row.")
    return Lifecycle(noun, table, frozenset(settled.split()))


# Compute: the status that clients see. What is being done meanwhile is the task state, not a state of its own.
SERVER = _table(
    "server",
    settled="ACTIVE SHUTOFF PAUSED SUSPENDED ERROR DELETED",
    BUILD="ACTIVE ERROR DELETED",
    ACTIVE="SHUTOFF REBOOT HARD_REBOOT PAUSED SUSPENDED ERROR DELETED",
    SHUTOFF="ACTIVE REBOOT HARD_REBOOT ERROR DELETED",
    REBOOT="ACTIVE SHUTOFF HARD_REBOOT ERROR DELETED",
    HARD_REBOOT="ACTIVE SHUTOFF ERROR DELETED",
    PAUSED="ACTIVE SHUTOFF HARD_REBOOT ERROR DELETED",
    SUSPENDED="ACTIVE SHUTOFF HARD_REBOOT ERROR DELETED",
    ERROR="ACTIVE SHUTOFF REBOOT HARD_REBOOT DELETED",
    DELETED="",
)

# Block storage, as Cinder spells it. A failed attach goes back to where it came from; error is for what is broken.
VOLUME = _named(
    "volume",
    "available in-use error error_deleting deleted",
    {
        "creating": "available error deleting",
        "available": "reserved attaching deleting error",
        "reserved": "attaching available in-use error",
        "attaching": "in-use available error",
        "in-use": "detaching available error",
        "detaching": "available in-use error",
        "deleting": "deleted error_deleting",
        "error": "available in-use detaching deleting",
        "error_deleting": "deleting available",
        "deleted": "",
    },
)

# Images, as Glance spells it.
IMAGE = _table(
    "image",
    settled="queued active deactivated killed deleted",
    queued="saving uploading importing active killed deleted",
    saving="importing active queued killed pending_delete deleted",
    uploading="importing saving active queued killed deleted",
    importing="active queued killed deleted",
    active="deactivated pending_delete deleted",
    deactivated="active pending_delete deleted",
    killed="pending_delete deleted",
    pending_delete="deleted",
    deleted="",
)

# Networks, routers, ports and floating IPs share Neutron's four.
NETWORK = _table(
    "network resource",
    settled="ACTIVE DOWN ERROR",
    BUILD="ACTIVE DOWN ERROR",
    ACTIVE="DOWN ERROR BUILD",
    DOWN="ACTIVE ERROR BUILD",
    ERROR="ACTIVE DOWN BUILD",
)

# An operation goes back to queued when another try may help, when its worker is stopped, and after a crash.
OPERATION = _table(
    "operation",
    settled="succeeded failed cancelled",
    queued="running cancelled failed",
    running="succeeded failed cancelled queued",
    succeeded="",
    failed="queued",
    cancelled="queued",
)
