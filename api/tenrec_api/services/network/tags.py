"""Tags: a set of words on every noun of the network API."""

from sqlalchemy.orm import Session

from tenrec_api.context import Context
from tenrec_api.exceptions import InvalidInput, NotFound
from tenrec_api.models.floating_ip import FloatingIp
from tenrec_api.models.network import Network
from tenrec_api.models.port import Port
from tenrec_api.models.router import Router
from tenrec_api.models.security_group import SecurityGroup
from tenrec_api.models.subnet import Subnet
from tenrec_api.services.network.lookup import find, find_to_change

MOST = 50
LONGEST = 60
TAGGED = {
    "networks": Network,
    "subnets": Subnet,
    "ports": Port,
    "routers": Router,
    "security-groups": SecurityGroup,
    "security_groups": SecurityGroup,
    "floatingips": FloatingIp,
}


def _model(collection: str) -> type:
    if collection not in TAGGED:
        raise NotFound(f"There are no tags on '{collection[:60]}'; valid: {', '.join(TAGGED)}.", "TagResourceNotFound")
    return TAGGED[collection]


def show(session: Session, context: Context, collection: str, row_id: str) -> list[str]:
    """The tags of a row; raises NotFound."""
    return find(session, context, _model(collection), row_id).tags


def require(session: Session, context: Context, collection: str, row_id: str, tag: str) -> list[str]:
    """The tags of a row that has `tag`; raises NotFound (TagNotFound) when it has not."""
    present = show(session, context, collection, row_id)
    if tag not in present:
        raise NotFound(f"Tag {tag[:60]} could not be found.", "TagNotFound")
    return present


def replace(session: Session, context: Context, collection: str, row_id: str, tags: list[str]) -> list[str]:
    """Make `tags` the row's tags; commits. Raises NotFound, Forbidden, InvalidInput (too many)."""
    row = find_to_change(session, context, _model(collection), row_id)
    if len(set(tags)) > MOST:
        raise InvalidInput(f"At most {MOST} tags are allowed.")
    row.tags = sorted(set(tags))
    row.revision_number += 1
    session.commit()
    return row.tags


def add(session: Session, context: Context, collection: str, row_id: str, tag: str) -> None:
    """Add a tag, which may be there; commits."""
    if not tag or len(tag) > LONGEST or "," in tag:
        raise InvalidInput(f"A tag has 1 to {LONGEST} characters and no comma.")
    replace(session, context, collection, row_id, [*show(session, context, collection, row_id), tag])


def remove(session: Session, context: Context, collection: str, row_id: str, tag: str) -> None:
    """Remove a tag; commits. Raises NotFound (TagNotFound) when it is not there."""
    present = require(session, context, collection, row_id, tag)
    replace(session, context, collection, row_id, [each for each in present if each != tag])
