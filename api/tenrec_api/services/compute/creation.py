"""Making servers: one transaction with quota, claim, ports, volumes and the operations; or nothing at all."""

import math
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from tenrec_api.context import Context
from tenrec_api.exceptions import Forbidden, InvalidInput, NotFound, QuotaExceeded
from tenrec_api.models.base import new_id
from tenrec_api.models.compute_node import ComputeNode
from tenrec_api.models.flavor import Flavor
from tenrec_api.models.image import Image
from tenrec_api.models.port import Port
from tenrec_api.models.server import Server
from tenrec_api.services import operations
from tenrec_api.services.compute import (
    attachments,
    config_drive,
    flavors,
    instance_actions,
    keypairs,
    metadata,
    networking,
    outcomes,
    quotas,
)
from tenrec_api.services.compute.block_devices import BootPlan, plan
from tenrec_api.services.compute.nodes import ZONE, Amount
from tenrec_api.services.compute.scheduling import Scheduler
from tenrec_api.services.image import images

GIB = 1024**3
# The reference's name for the only event of a creation.
EVENT = "compute__do_build_and_run_instance"


@dataclass(frozen=True)
class Order:
    """A request to make servers, checked against what the caller may use."""

    flavor: Flavor
    boot: BootPlan
    image: Image | None
    networks: list[networking.Attachment]
    security_group_ids: list[str]
    size: Amount
    host: str | None
    public_key: str | None


def create(session: Session, context: Context, wanted: Mapping[str, Any]) -> list[Server]:
    """Make between `min_count` and `max_count` servers, as many as the quota allows; commits.

    `wanted` is what schemas.compute.servers.ServerCreate reads. A server for which no node has room is made all the
    same and is in ERROR with a fault that says what each node lacks. Raises InvalidInput for references that the caller
    cannot use, Conflict, QuotaExceeded, Forbidden.
    """
    order = _check(session, context, wanted)
    quotas.lock(session, context.project_id)
    scheduler = Scheduler.lock(session)
    count = _affordable(session, context, order, wanted)
    reservation = f"r-{secrets.token_hex(4)}"
    made = []
    for index in range(count):
        name = wanted["name"] if wanted["max_count"] == 1 else f"{wanted['name']}-{index + 1}"
        server = _row(context, wanted, order, name=name, reservation_id=reservation, launch_index=index)
        node, lacks = scheduler.claim(order.size, order.host)
        session.add(server)
        if node is None:
            _refuse(session, context, server, order, lacks)
        else:
            server.node = node
            session.flush()
            _equip(session, context, server, node, order)
        made.append(server)
    session.commit()
    return made


def _check(session: Session, context: Context, wanted: Mapping[str, Any]) -> Order:
    try:
        flavor = flavors.find(session, context, wanted["flavor_id"])
        boot = plan(wanted.get("image_id"), wanted.get("block_device_mapping") or ())
        image = images.show(session, context, boot.image_id) if boot.image_id else None
        groups = networking.resolve_groups(session, context, wanted.get("security_groups") or ["default"])
    except NotFound as error:
        # In the body of a request, what is not there is a wrong value.
        raise InvalidInput(error.message) from error
    if image is not None:
        check_image(image, flavor)
    if wanted["max_count"] > 1 and boot.volumes:
        raise InvalidInput("Volumes can be given to one server only; set max_count to 1.")
    attached = networking.plan(session, context, wanted.get("networks"), several=wanted["max_count"] > 1)
    metadata.check(session, context.project_id, wanted.get("metadata") or {})
    size = Amount(flavor.vcpus, flavor.ram_mib, _disk_gib(flavor, image))
    host = _host(context, wanted.get("availability_zone"))
    return Order(
        flavor, boot, image, attached, groups, size, host, _public_key(session, context, wanted.get("key_name"))
    )


def check_image(image: Image, flavor: Flavor) -> None:
    """Raise InvalidInput when `image` cannot be booted, or not with `flavor`."""
    if image.status != "active":
        raise InvalidInput(f"Image {image.id} is not active.")
    if image.min_ram > flavor.ram_mib:
        raise InvalidInput(
            f"Flavor's memory is too small for requested image: {flavor.ram_mib} MiB, the image needs {image.min_ram}."
        )
    needed = max(image.min_disk, math.ceil((image.virtual_size or 0) / GIB))
    if flavor.disk_gib and needed > flavor.disk_gib:
        raise InvalidInput(
            f"Flavor's disk is too small for requested image: {flavor.disk_gib} GiB, the image needs {needed}."
        )


def _disk_gib(flavor: Flavor, image: Image | None) -> int:
    if image is None:
        return 0
    return flavor.disk_gib or math.ceil((image.virtual_size or 0) / GIB)


def _host(context: Context, zone: str | None) -> str | None:
    """The node that ``zone:host`` names, which only an administrator may."""
    name, _, host = (zone or ZONE).partition(":")
    if name != ZONE:
        raise InvalidInput(f"The requested availability zone is not available: '{name[:80]}'; valid: {ZONE}.")
    if host and not context.is_admin:
        raise Forbidden("Only an administrator may choose the host of a server.")
    return host or None


def _affordable(session: Session, context: Context, order: Order, wanted: Mapping[str, Any]) -> int:
    """How many servers the quota allows, at most `max_count`; raises QuotaExceeded for fewer than `min_count`."""
    limit, used = quotas.limits(session, context.project_id), quotas.usage(session, context.project_id)
    each = {"instances": 1, "cores": order.size.vcpus, "ram": order.size.memory_mib}
    room = [
        max(limit[name] - used[name], 0) // amount
        for name, amount in each.items()
        if amount and limit[name] != quotas.UNLIMITED
    ]
    count = min([wanted["max_count"], *room])
    if count < wanted["min_count"]:
        quotas.check(session, context.project_id, {name: amount * wanted["min_count"] for name, amount in each.items()})
        raise QuotaExceeded("Quota exceeded.")
    return count


def _row(context: Context, wanted: Mapping[str, Any], order: Order, **values: Any) -> Server:
    flavor = order.flavor
    server_id = new_id()
    return Server(
        id=server_id,
        project_id=context.project_id,
        user_id=context.user_id,
        hostname=config_drive.hostname(values["name"], server_id),
        status="BUILD",
        task_state="spawning",
        image_id=order.image.id if order.image else None,
        flavor={
            "id": flavor.id,
            "name": flavor.name,
            "vcpus": flavor.vcpus,
            "ram_mib": flavor.ram_mib,
            "disk_gib": flavor.disk_gib,
            "extra_specs": flavor.extra_specs,
        },
        key_name=wanted.get("key_name"),
        public_key=order.public_key,
        user_data=wanted.get("user_data"),
        config_drive=bool(wanted.get("config_drive")),
        seed=secrets.token_hex(32),
        details=dict(wanted.get("metadata") or {}),
        access_ip_v4=wanted.get("access_ip_v4") or "",
        access_ip_v6=wanted.get("access_ip_v6") or "",
        disk_config=wanted.get("disk_config") or "MANUAL",
        availability_zone=ZONE,
        vcpus=order.size.vcpus,
        memory_mib=order.size.memory_mib,
        disk_gib=order.size.disk_gib,
        **values,
    )


def _refuse(session: Session, context: Context, server: Server, order: Order, lacks: str) -> None:
    """Keep the server as a record of why there is none."""
    size = order.size
    message = (
        "No valid host was found: no host has room for "
        f"{size.vcpus} vCPUs, {size.memory_mib} MiB of memory and {size.disk_gib} GiB of disk."
    )
    server.enter("ERROR")
    server.task_state = None
    server.fault = outcomes.fault_document(message, lacks)
    session.flush()
    action = instance_actions.begin(session, context, server, "create", EVENT)
    instance_actions.fail(session, action.id, task="Choose a host", host="", details=message)


def _equip(session: Session, context: Context, server: Server, node: ComputeNode, order: Order) -> None:
    """Ports and volumes of a server that has its place, and the operation that makes it real."""
    ports = networking.attach(session, context, server, node.name, order.networks, order.security_group_ids)
    for volume in order.boot.volumes:
        attachments.reserve_for_boot(session, context, server, volume)
    action = instance_actions.begin(session, context, server, "create", EVENT)
    operations.enqueue(
        session,
        "server_create",
        "server",
        server.id,
        context=context,
        exclusive=[server.id, *(port.id for port in ports), *(volume.volume_id for volume in order.boot.volumes)],
        shared=_shared(ports, order),
        nodes=attachments.nodes(session, server) if order.boot.volumes else {"compute": node.name},
        parameters={"action_id": action.id},
    )


def _shared(ports: list[Port], order: Order) -> set[str]:
    touched = {port.network_id for port in ports}
    for port in ports:
        touched.update(port.security_group_ids)
    if order.image is not None:
        touched.add(order.image.id)
    return touched


def _public_key(session: Session, context: Context, name: str | None) -> str | None:
    if name is None:
        return None
    try:
        return keypairs.find(session, context.user_id, name).public_key
    except NotFound as error:
        raise InvalidInput("Invalid key_name provided.") from error
