"""The first rows of a cloud: domain, roles, admin, a first project with its member, the catalog and the compute nodes.

May be run again.
"""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from tenrec_api.apis import APIS
from tenrec_api.config import Config
from tenrec_api.models.base import Base, now
from tenrec_api.models.identity import Domain, Endpoint, Project, Region, Role, RoleAssignment, Service, User
from tenrec_api.services.compute import nodes
from tenrec_api.services.identity import passwords

ROLES = ("admin", "manager", "member", "reader", "service")
# The user in whose name playbook runs fetch images. It has no password: its tokens are made by the worker itself.
WORKER = "worker"
SERVICE_NAMES = {
    "identity": "keystone",
    "image": "glance",
    "compute": "nova",
    "network": "neutron",
    "volumev3": "cinderv3",
    "block-storage": "cinder",
    "placement": "placement",
}


class _Bootstrap:
    """Adds what is missing, mends what differs, and remembers whether it did either."""

    def __init__(self, session: Session):
        self.session = session
        self.changed = False

    def ensure(self, model: type[Base], key: dict[str, Any], **values: Any) -> Any:
        """The row of `model` with `key`, with `values`."""
        row = self.session.scalars(select(model).filter_by(**key)).first()
        if row is None:
            row = model(**key, **values)
            self.session.add(row)
            self.session.flush()
            self.changed = True
        for name, value in values.items():
            if getattr(row, name) != value:
                setattr(row, name, value)
                self.changed = True
        return row

    def ensure_user(self, domain: Domain, project: Project, name: str, password: str | None, role: Role) -> User:
        """A user with `password` (None: it cannot log in) and `role` in `project`."""
        user = self.ensure(User, {"domain_id": domain.id, "name": name}, default_project_id=project.id, enabled=True)
        if password is not None and not passwords.matches(user.password_hash, password):
            user.password_hash = passwords.hash_password(password)
            user.tokens_valid_from = now()
            self.changed = True
        key = {"user_id": user.id, "target_type": "project", "target_id": project.id, "role_id": role.id}
        self.ensure(RoleAssignment, key)
        return user


def bootstrap(session: Session, config: Config, admin_password: str, member_password: str) -> bool:
    """Make or mend the first rows; the caller commits. Returns whether anything differed."""
    step = _Bootstrap(session)
    domain = step.ensure(Domain, {"id": "default"}, name="Default")
    roles = {name: step.ensure(Role, {"name": name}) for name in ROLES}
    projects = {
        name: step.ensure(Project, {"domain_id": domain.id, "name": name}, parent_id=domain.id, enabled=True)
        for name in ("admin", "service", "demo")
    }
    admin = step.ensure_user(domain, projects["admin"], "tenrec-admin", admin_password, roles["admin"])
    step.ensure_user(domain, projects["demo"], "tenrec", member_password, roles["member"])
    step.ensure_user(domain, projects["service"], WORKER, None, roles["service"])
    for target_type, target_id in (("system", "all"), ("domain", domain.id)):
        key = {"user_id": admin.id, "target_type": target_type, "target_id": target_id, "role_id": roles["admin"].id}
        step.ensure(RoleAssignment, key)
    region = step.ensure(Region, {"id": config.api.region})
    for api in APIS:
        for kind in api.types:
            service = step.ensure(Service, {"type": kind}, name=SERVICE_NAMES[kind], enabled=True)
            for interface in ("public", "internal", "admin"):
                key = {"service_id": service.id, "interface": interface, "region_id": region.id}
                step.ensure(Endpoint, key, url=config.api.public_url + api.root + api.catalog_suffix)
    return nodes.sync(session, config.compute_nodes) or step.changed
