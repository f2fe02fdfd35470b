"""Quotas (Network API v2.0, "Quotas extension")."""

from marshmallow import fields, validate

from tenrec_api.schemas.base import Body, Flag


def _limit() -> fields.Integer:
    return fields.Integer(validate=validate.Range(min=-1, max=2**31 - 1))


class Limits(Body):
    """The limit of each resource; -1: any number."""

    floatingip = _limit()
    network = _limit()
    port = _limit()
    router = _limit()
    security_group = _limit()
    security_group_rule = _limit()
    subnet = _limit()


class QuotaUpdate(Limits):
    """Limits to set. `check_limit`: refuse one below what is used already; `force`, the contrary, is usual."""

    check_limit = Flag(load_default=False)
    force = Flag(load_only=True)


class QuotaAnswer(Limits):
    """All limits of a project."""

    project_id = fields.String()
    tenant_id = fields.String()
