"""What a server boots from and which volumes it gets: the image reference and the block device mapping, read together.

Compute API, "block_device_mapping_v2". An image on a local disk and existing volumes are supported; everything else is
refused by name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tenrec_api.exceptions import InvalidInput

INVALID = "Block device mapping is Invalid: "


@dataclass(frozen=True)
class VolumePlan:
    """An existing volume that the server gets; `boot` when it boots from it."""

    volume_id: str
    boot: bool = False
    delete_on_termination: bool = False
    tag: str | None = None


@dataclass
class BootPlan:
    """The image on the root disk (None: a volume boots) and the volumes, the boot volume first."""

    image_id: str | None = None
    volumes: list[VolumePlan] = field(default_factory=list)


def plan(image_id: str | None, mapping: Sequence[Mapping[str, Any]] = ()) -> BootPlan:
    """Read `image_id` and `mapping` together; raises InvalidInput for what is contradictory or not supported."""
    result = BootPlan(image_id)
    for entry in mapping:
        kind = entry["source_type"], entry.get("destination_type") or _usual_destination(entry["source_type"])
        if kind == ("image", "local"):
            _take_image(result, entry)
        elif kind == ("volume", "volume"):
            _take_volume(result, entry)
        else:
            raise InvalidInput(
                f"{INVALID}source_type '{kind[0]}' with destination_type '{kind[1]}' is not supported; "
                "valid: image to local, volume to volume. Create the volume first."
            )
    boots = [volume for volume in result.volumes if volume.boot]
    if len(boots) + (result.image_id is not None) != 1:
        raise InvalidInput(
            f"{INVALID}Boot sequence for the instance and image/block device mapping combination is not valid: "
            "give either imageRef or one volume with boot_index 0."
        )
    ids = [volume.volume_id for volume in result.volumes]
    if len(set(ids)) < len(ids):
        raise InvalidInput(f"{INVALID}a volume is named twice.")
    result.volumes.sort(key=lambda volume: not volume.boot)
    return result


def _usual_destination(source: str) -> str:
    return "volume" if source == "volume" else "local"


def _take_image(result: BootPlan, entry: Mapping[str, Any]) -> None:
    if entry.get("boot_index") != 0:
        raise InvalidInput(f"{INVALID}an image on a local disk is the root disk and needs boot_index 0.")
    if result.image_id is not None and entry.get("uuid") != result.image_id:
        raise InvalidInput(f"{INVALID}the image {str(entry.get('uuid'))[:80]} is not the one in imageRef.")
    if not entry.get("uuid"):
        raise InvalidInput(f"{INVALID}an image needs its uuid.")
    result.image_id = entry["uuid"]


def _take_volume(result: BootPlan, entry: Mapping[str, Any]) -> None:
    if not entry.get("uuid"):
        raise InvalidInput(f"{INVALID}a volume needs its uuid.")
    result.volumes.append(
        VolumePlan(
            volume_id=entry["uuid"],
            boot=entry.get("boot_index") == 0,
            delete_on_termination=bool(entry.get("delete_on_termination")),
        )
    )
