"""The catalog: regions, services and endpoints, and the form in which a token carries them."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from tenrec_api.exceptions import Conflict, InvalidInput
from tenrec_api.models.identity import Endpoint, Region, Service
from tenrec_api.services.identity.records import Kind


def _check_endpoint(session: Session, endpoint: Endpoint) -> None:
    if session.get(Service, endpoint.service_id) is None:
        raise InvalidInput(f"Could not find service: {str(endpoint.service_id)[:80]}.")
    if endpoint.region_id is not None and session.get(Region, endpoint.region_id) is None:
        raise InvalidInput(f"Could not find region: {endpoint.region_id[:80]}.")


def _check_region(session: Session, region: Region) -> None:
    if region.parent_region_id is not None and session.get(Region, region.parent_region_id) is None:
        raise InvalidInput(f"Could not find region: {region.parent_region_id[:80]}.")


def _before_region_goes(session: Session, region: Region) -> None:
    if session.scalars(select(Region.id).where(Region.parent_region_id == region.id)).first():
        raise Conflict(f"Cannot delete region {region.id}: it has regions below it.")


REGIONS = Kind("region", Region, ("parent_region_id",), _check_region, _before_region_goes, sort="id")
SERVICES = Kind("service", Service, ("name", "type"), sort="type")
ENDPOINTS = Kind("endpoint", Endpoint, ("service_id", "region_id", "interface"), _check_endpoint, sort="id")


def catalog(session: Session, project_id: str | None) -> list[dict]:
    """Every enabled service with its enabled endpoints. `project_id` stands in for ``%(project_id)s`` in URLs."""
    cache = session.info["token_store"].cache
    entries = cache.get("catalog")
    if entries is None:
        generation = cache.generation()
        entries = _read(session)
        cache.put("catalog", entries, generation)
    for entry in entries:
        for endpoint in entry["endpoints"]:
            for placeholder in ("%(project_id)s", "$(project_id)s"):
                endpoint["url"] = endpoint["url"].replace(placeholder, project_id or "")
    return entries


def _read(session: Session) -> list[dict]:
    query = (
        select(Service, Endpoint)
        .join(Endpoint, Endpoint.service_id == Service.id)
        .where(Service.enabled, Endpoint.enabled)
        .order_by(Service.type, Service.id, Endpoint.interface)
    )
    entries: dict[str, dict] = {}
    for service, endpoint in session.execute(query):
        entry = {"id": service.id, "type": service.type, "name": service.name or "", "endpoints": []}
        entries.setdefault(service.id, entry)["endpoints"].append(
            {
                "id": endpoint.id,
                "interface": endpoint.interface,
                "region": endpoint.region_id,
                "region_id": endpoint.region_id,
                "url": endpoint.url,
            }
        )
    return list(entries.values())
