"""The few rules that all tables are made of."""

from tenrec_api.context import Context


def anyone(context: Context) -> bool:
    """Whoever holds a valid token, scoped or not."""
    return context.user_id is not None


def project_reader(context: Context) -> bool:
    """Whoever may read in the project of the token (an admin's token may have any scope)."""
    return context.is_admin or (context.project_id is not None and context.has_role("reader"))


def project_member(context: Context) -> bool:
    """Whoever may change things in the project of the token."""
    return context.project_id is not None and context.has_role("member")


def admin(context: Context) -> bool:
    """Administrators of the cloud."""
    return context.is_admin


def admin_or_service(context: Context) -> bool:
    """Administrators, and the cloud's own services that validate tokens."""
    return context.is_admin or context.has_role("service")
