"""Who asks: the authenticated caller of one request, known to services and policies and free of HTTP."""

from dataclasses import dataclass
from datetime import datetime

# A role implies those after the arrow: an admin may do what a member may, a member what a reader may.
IMPLIED_ROLES = {"admin": ("manager", "member", "reader"), "manager": ("member", "reader"), "member": ("reader",)}


@dataclass(frozen=True)
class Context:
    """The caller: its user, the scope of its token (a project, a domain, the system, or nothing) and its roles."""

    request_id: str
    user_id: str | None = None
    user_name: str | None = None
    user_domain_id: str | None = None
    project_id: str | None = None
    project_name: str | None = None
    domain_id: str | None = None
    system: bool = False
    roles: frozenset[str] = frozenset()
    methods: tuple[str, ...] = ()
    audit_id: str | None = None
    issued_at: datetime | None = None
    expires_at: datetime | None = None

    @property
    def is_admin(self) -> bool:
        """Whether the caller administers the whole cloud."""
        return "admin" in self.roles

    def has_role(self, role: str) -> bool:
        """Whether the caller has `role` itself or one that implies it."""
        return role in self.roles or any(role in IMPLIED_ROLES.get(held, ()) for held in self.roles)

    def owns(self, project_id: str | None) -> bool:
        """Whether the caller acts in the project `project_id`."""
        return self.project_id is not None and self.project_id == project_id
