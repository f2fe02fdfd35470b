"""The older name of a server's state, which the API shows beside the status and uses in its messages."""

VM_STATES = {
    "BUILD": "building",
    "ACTIVE": "active",
    "SHUTOFF": "stopped",
    "REBOOT": "active",
    "HARD_REBOOT": "active",
    "PAUSED": "paused",
    "SUSPENDED": "suspended",
    "ERROR": "error",
    "DELETED": "deleted",
}
