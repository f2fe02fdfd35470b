"""Keypairs: requests and answers (Compute API 2.1)."""

from typing import Any

from marshmallow import fields, validate

from tenrec_api.models.keypair import Keypair
from tenrec_api.schemas.base import Body, PageQuery
from tenrec_api.schemas.compute.server_views import iso_microseconds

NAME = validate.Regexp(
    r"^(?!__ansible_)[a-zA-Z0-9 \-_@.]{1,255}\Z",
    error="A name has 1 to 255 of: letters, digits, - _ @ . and space; it does not begin with __ansible_.",
)


class KeypairCreate(Body):
    """The content of ``keypair``. Without a public key a pair is made."""

    name = fields.String(required=True, validate=NAME)
    public_key = fields.String(validate=validate.Length(min=1, max=16384), allow_none=True)
    type = fields.String(validate=validate.OneOf(["ssh"]), allow_none=True)
    user_id = fields.String(allow_none=True)


class KeypairCreateBody(Body):
    """The whole body."""

    keypair = fields.Nested(KeypairCreate, required=True)


class KeypairQuery(PageQuery):
    """An administrator may ask for another user's."""

    user_id = fields.String()


def summary(row: Keypair) -> dict[str, Any]:
    """A keypair in a list, and as it is answered when it was made."""
    return {"name": row.name, "public_key": row.public_key, "fingerprint": row.fingerprint, "type": row.type}


def detail(row: Keypair) -> dict[str, Any]:
    """A keypair, whole."""
    return summary(row) | {
        "user_id": row.user_id,
        "id": row.id,
        "created_at": iso_microseconds(row.created_at),
        "updated_at": iso_microseconds(row.updated_at),
        "deleted": False,
        "deleted_at": None,
    }
