"""JSON patches of images: RFC 6902 as far as Image API v2 takes it (add, replace, remove of whole attributes)."""

from typing import Any

from tenrec_api.exceptions import Conflict, Forbidden, InvalidInput
from tenrec_api.models.image import Image

OPERATIONS = ("add", "replace", "remove")
# What a patch may change beside the owner's properties; the name in the database where it differs.
ATTRIBUTES = {
    "name": "name",
    "visibility": "visibility",
    "disk_format": "disk_format",
    "container_format": "container_format",
    "min_disk": "min_disk",
    "min_ram": "min_ram",
    "protected": "protected",
    "os_hidden": "hidden",
    "owner": "project_id",
    "tags": "tags",
}


def apply(image: Image, patch: list[Any], read_only: tuple[str, ...]) -> dict[str, Any]:
    """The image's attributes after `patch`, in the form of a request's body, not yet validated.

    Raises InvalidInput for a malformed patch, Forbidden for read-only attributes, Conflict when what is to be
    replaced or removed is not there.
    """
    result = {name: getattr(image, column) for name, column in ATTRIBUTES.items()} | dict(image.properties)
    if not isinstance(patch, list):
        raise InvalidInput("A patch is a list of operations.")
    for step in patch:
        if not isinstance(step, dict) or step.get("op") not in OPERATIONS or not isinstance(step.get("path"), str):
            raise InvalidInput(f"Each operation needs op ({', '.join(OPERATIONS)}) and path.")
        if step["op"] != "remove" and "value" not in step:
            raise InvalidInput(f"The operation {step['op']} needs a value.")
        _apply_one(result, step, read_only)
    return result


def _apply_one(result: dict[str, Any], step: dict[str, Any], read_only: tuple[str, ...]) -> None:
    name = _attribute(step["path"])
    if name in read_only or name == "id":
        raise Forbidden(f"Attribute '{name}' is read-only.")
    if step["op"] == "remove":
        if name in ATTRIBUTES:
            raise Forbidden(f"Property {name} may not be removed.")
        if name not in result:
            raise Conflict(f"There is no property {name[:60]} to remove.")
        del result[name]
    else:
        if step["op"] == "replace" and name not in result:
            raise Conflict(f"There is no property {name[:60]} to replace; add it.")
        result[name] = step["value"]


def _attribute(path: str) -> str:
    parts = path.split("/")
    if len(parts) != 2 or parts[0] or not parts[1]:
        raise InvalidInput(f"'{path[:60]}' is not a path; valid: /ATTRIBUTE.")
    return parts[1].replace("~1", "/").replace("~0", "~")
