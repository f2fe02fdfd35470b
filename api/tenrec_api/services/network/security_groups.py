"""Security groups, with the default group that every project has as soon as it needs one."""

from collections.abc import Iterable, Sequence

from sqlalchemy import delete as sql_delete
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from tenrec_api.context import Context
from tenrec_api.exceptions import Conflict, NotFound
from tenrec_api.models.identity import Project
from tenrec_api.models.operation import Operation
from tenrec_api.models.port import PortSecurityGroup
from tenrec_api.models.security_group import SecurityGroup, SecurityGroupRule
from tenrec_api.services import operations
from tenrec_api.services.network import quotas
from tenrec_api.services.network.applies import enqueue_once
from tenrec_api.services.network.lookup import find, find_to_change, flush, owner_for, visible

DEFAULT = "default"
DEFAULT_DESCRIPTION = "Default security group"
ETHERTYPES = ("IPv4", "IPv6")


def default(session: Session, context: Context, project_id: str) -> SecurityGroup:
    """The project's default group, made when it is first needed; not committed. Whom it lets in: its own members."""
    query = select(SecurityGroup).where(SecurityGroup.default_of == project_id)
    group = session.scalars(query).first()
    if group is None:
        # The project's row is locked, and looked again: of two first requests only one makes the group.
        session.execute(select(Project.id).where(Project.id == project_id).with_for_update())
        group = session.scalars(query).first()
    if group is None:
        group = _add(session, project_id, name=DEFAULT, description=DEFAULT_DESCRIPTION, default_of=project_id)
        for ethertype in ETHERTYPES:
            group.rules.append(
                SecurityGroupRule(
                    project_id=project_id, direction="ingress", ethertype=ethertype, remote_group_id=group.id
                )
            )
        flush(
            session,
            f"Project {project_id} got its default security group a moment ago; try again.",
            "DefaultSecurityGroupExists",
        )
        enqueue_apply(session, context, group)
    return group


def default_id(session: Session, context: Context, project_id: str) -> str:
    """The id of the project's default group, as `default` finds or makes it; nothing else of it is read."""
    known = session.scalars(select(SecurityGroup.id).where(SecurityGroup.default_of == project_id)).first()
    return known or default(session, context, project_id).id


def _add(session: Session, project_id: str, **values) -> SecurityGroup:
    """A group that lets everything out; flushed."""
    group = SecurityGroup(project_id=project_id, **values)
    session.add(group)
    session.flush()
    group.rules = [
        SecurityGroupRule(project_id=project_id, direction="egress", ethertype=ethertype) for ethertype in ETHERTYPES
    ]
    session.flush()
    return group


def resolve(session: Session, context: Context, names_or_ids: Sequence[str]) -> list[str]:
    """The ids of groups of the caller's project, named by id or name; of none, the default group's.

    Raises NotFound, and Conflict (NoUniqueMatch) for a name that several have.
    """
    ids = []
    for wanted in names_or_ids or [DEFAULT]:
        if wanted == DEFAULT:
            ids.append(default_id(session, context, context.project_id))
            continue
        query = select(SecurityGroup.id).where(
            SecurityGroup.project_id == context.project_id, SecurityGroup.deleting.is_(False)
        )
        found = list(
            session.scalars(query.where(or_(SecurityGroup.id == wanted, SecurityGroup.name == wanted)).limit(2))
        )
        if not found:
            raise NotFound(
                f"Security group {wanted[:80]} not found for project {context.project_id}.", "SecurityGroupNotFound"
            )
        if len(found) > 1 and wanted not in found:
            raise Conflict(
                f"Multiple security groups found matching '{wanted[:80]}'. Use an ID to be more specific.",
                "NoUniqueMatch",
            )
        ids.append(wanted if wanted in found else found[0])
    return list(dict.fromkeys(ids))


def check_ids(session: Session, context: Context, ids: Iterable[str]) -> list[str]:
    """The ids, each once, when the caller may see all these groups; raises NotFound.

    Their rows stay locked: none goes away.
    """
    wanted = list(dict.fromkeys(ids))
    query = visible(context, SecurityGroup).where(SecurityGroup.id.in_(wanted)).order_by(SecurityGroup.id)
    found = {group.id for group in session.scalars(query.with_for_update())}
    for group_id in wanted:
        if group_id not in found:
            raise NotFound(f"Security group {group_id[:80]} does not exist", "SecurityGroupNotFound")
    return wanted


def show(session: Session, context: Context, group_id: str) -> SecurityGroup:
    """The group; raises NotFound."""
    return find(session, context, SecurityGroup, group_id)


def create(session: Session, context: Context, values: dict) -> SecurityGroup:
    """Make a group that lets everything out and queue its playbook; commits.

    Raises QuotaExceeded, Conflict, Forbidden.
    """
    values = dict(values)
    project_id = owner_for(context, values.pop("project_id", None))
    default(session, context, project_id)
    if values["name"] == DEFAULT:
        raise Conflict("Default security group already exists.", "SecurityGroupDefaultAlreadyExists")
    quotas.check(session, project_id, "security_group")
    quotas.check(session, project_id, "security_group_rule", len(ETHERTYPES))
    group = _add(session, project_id, **values)
    enqueue_apply(session, context, group)
    session.commit()
    return group


def update(
    session: Session, context: Context, group_id: str, values: dict, revision: int | None = None
) -> SecurityGroup:
    """Rename or describe a group; commits. Raises NotFound, Conflict, PreconditionFailed."""
    group = find_to_change(session, context, SecurityGroup, group_id, revision)
    renamed = values.get("name", group.name) != group.name
    if renamed and DEFAULT in (group.name, values["name"]):
        raise Conflict("Updating default security group not allowed.", "SecurityGroupCannotUpdateDefault")
    for name, value in values.items():
        setattr(group, name, value)
    group.revision_number += 1
    if renamed:
        enqueue_apply(session, context, group)
    session.commit()
    return group


def delete(session: Session, context: Context, group_id: str, revision: int | None = None) -> None:
    """Delete a group and the rules that name it, and queue the playbooks; commits.

    Raises NotFound, Conflict (SecurityGroupInUse; SecurityGroupCannotRemoveDefault for a member of the project).
    """
    group = find_to_change(session, context, SecurityGroup, group_id, revision)
    if group.default_of and not context.is_admin:
        raise Conflict("Insufficient rights for removing default security group.", "SecurityGroupCannotRemoveDefault")
    if session.scalars(
        select(PortSecurityGroup.port_id).where(PortSecurityGroup.security_group_id == group.id)
    ).first():
        raise Conflict(f"Security Group {group.id} in use.", "SecurityGroupInUse")
    naming = select(SecurityGroup).where(
        SecurityGroup.id.in_(
            select(SecurityGroupRule.security_group_id).where(SecurityGroupRule.remote_group_id == group.id)
        ),
        SecurityGroup.id != group.id,
    )
    others = list(session.scalars(naming))
    session.execute(sql_delete(SecurityGroupRule).where(SecurityGroupRule.remote_group_id == group.id))
    session.execute(sql_delete(SecurityGroupRule).where(SecurityGroupRule.security_group_id == group.id))
    group.default_of = None
    group.deleting = True
    session.flush()
    for other in others:
        session.expire(other, ["rules"])
        # It stops naming the group before the group goes: both touch it, and this one comes first.
        enqueue_apply(session, context, other, also=[group.id])
    operations.enqueue(session, "security_group_delete", "security_group", group.id, context=context)
    session.commit()


def remove(session: Session, group_id: str) -> None:
    """The playbook of the deletion has run: delete the row."""
    group = session.get(SecurityGroup, group_id)
    if group is not None and group.deleting:
        session.delete(group)
        session.flush()


def item(session: Session, group_id: str) -> dict | None:
    """The item of `security_group_apply`; None when the group is gone."""
    group = session.get(SecurityGroup, group_id)
    if group is None or group.deleting:
        return None
    columns = (
        "id",
        "direction",
        "ethertype",
        "protocol",
        "port_range_min",
        "port_range_max",
        "remote_ip_prefix",
        "remote_group_id",
    )
    return {
        "id": group.id,
        "name": group.name,
        "rules": [{column: getattr(rule, column) for column in columns} for rule in group.rules],
    }


def enqueue_apply(
    session: Session, context: Context | None, group: SecurityGroup, also: Iterable[str] = ()
) -> Operation:
    """Queue the group's playbook, unless one waits that will see this change as well.

    It waits for those of the groups that its rules name: their address sets must be there.
    """
    named = {rule.remote_group_id for rule in group.rules} - {None, group.id}
    return enqueue_once(
        session, context, "security_group_apply", "security_group", group.id, group.project_id, {*named, *also}
    )
