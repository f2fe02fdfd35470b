"""What there is to choose from and how much of it: types, zones, extensions, limits, quotas."""

from flask import g, jsonify, request
from flask.views import MethodView
from marshmallow import fields, validate

from tenrec_api.apis import VOLUME
from tenrec_api.exceptions import Forbidden, NotFound
from tenrec_api.http.blueprint import Blueprint, requires
from tenrec_api.schemas.base import Body, enveloped
from tenrec_api.schemas.volume.volumes import TYPE_NAME
from tenrec_api.services.identity import projects
from tenrec_api.services.volume import quotas

blueprint = Blueprint("catalogue", VOLUME, "Volume types, zones, limits and quotas")

# There is one type. Its id never changes, so that clients may keep it.
TYPE = {
    "id": "6f2c4c1e-52a1-5c1b-9c60-0a1f27a4d3c1",
    "name": TYPE_NAME,
    "description": "A file on the storage node, served by iSCSI",
    "is_public": True,
    "os-volume-type-access:is_public": True,
    "qos_specs_id": None,
    "extra_specs": {},
}

QuotaSet = Body.from_dict(
    {name: fields.Integer(strict=True, validate=validate.Range(-1, 2**31 - 1)) for name in quotas.DEFAULTS}
    | {"tenant_id": fields.String(), "force": fields.Boolean()},
    name="VolumeQuotaSet",
)


@blueprint.route("/types")
class Types(MethodView):
    """Volume types."""

    @requires("volume:type:list")
    @blueprint.response(200)
    def get(self):
        """List the volume types."""
        return jsonify({"volume_types": [TYPE]})


@blueprint.route("/types/<type_id>")
class Type(MethodView):
    """One volume type; `default` is the one that a volume gets when none is named."""

    @requires("volume:type:show")
    @blueprint.response(200)
    def get(self, type_id):
        """Show a volume type."""
        if type_id not in (TYPE["id"], "default"):
            raise NotFound(f"Volume type {type_id[:80]} could not be found.")
        return jsonify({"volume_type": TYPE})


@blueprint.route("/limits")
class Limits(MethodView):
    """Limits of the project."""

    @requires("volume:limits:show")
    @blueprint.response(200)
    def get(self):
        """Show how much the project may have, and has."""
        allowed = quotas.limits(g.session, g.context.project_id)
        used = quotas.usage(g.session, g.context.project_id)
        absolute = {
            "maxTotalVolumes": allowed["volumes"],
            "maxTotalVolumeGigabytes": allowed["gigabytes"],
            "maxTotalSnapshots": allowed["snapshots"],
            "maxTotalBackups": allowed["backups"],
            "maxTotalBackupGigabytes": allowed["backup_gigabytes"],
            "totalVolumesUsed": used["volumes"],
            "totalGigabytesUsed": used["gigabytes"],
            "totalSnapshotsUsed": 0,
            "totalBackupsUsed": 0,
            "totalBackupGigabytesUsed": 0,
        }
        return jsonify({"limits": {"rate": [], "absolute": absolute}})


@blueprint.route("/os-availability-zone")
class AvailabilityZones(MethodView):
    """Zones."""

    @requires("volume:availability_zone:list")
    @blueprint.response(200)
    def get(self):
        """List the availability zones."""
        return jsonify({"availabilityZoneInfo": [{"zoneName": "nova", "zoneState": {"available": True}}]})


@blueprint.route("/extensions")
class Extensions(MethodView):
    """Extensions."""

    @requires("volume:extension:list")
    @blueprint.response(200)
    def get(self):
        """List the extensions: none."""
        return jsonify({"extensions": []})


@blueprint.route("/os-quota-sets/<project_id>")
class QuotaSets(MethodView):
    """Quotas of a project."""

    @requires("volume:quota_set:show")
    @blueprint.response(200)
    def get(self, project_id):
        """Show a project's quotas; with ``?usage=true`` also what is used."""
        _check_project(project_id)
        allowed = quotas.limits(g.session, project_id)
        if request.args.get("usage", "").lower() in ("true", "1"):
            used = quotas.usage(g.session, project_id)
            allowed = {name: {"limit": limit, "in_use": used[name], "reserved": 0} for name, limit in allowed.items()}
        return jsonify({"quota_set": {"id": project_id, **allowed}})

    @requires("volume:quota_set:update")
    @blueprint.arguments(enveloped("quota_set", QuotaSet))
    @blueprint.response(200)
    def put(self, body, project_id):
        """Set a project's quotas."""
        _check_project(project_id)
        wanted = {name: limit for name, limit in body["quota_set"].items() if name in quotas.DEFAULTS}
        return jsonify({"quota_set": quotas.update(g.session, project_id, wanted)})

    @requires("volume:quota_set:update")
    @blueprint.response(200)
    def delete(self, project_id):
        """Give a project the default quotas again."""
        _check_project(project_id)
        quotas.reset(g.session, project_id)
        return "", 200


@blueprint.route("/os-quota-sets/<project_id>/defaults")
class DefaultQuotas(MethodView):
    """Quotas of a project for which none were set."""

    @requires("volume:quota_set:show")
    @blueprint.response(200)
    def get(self, project_id):
        """Show the default quotas."""
        _check_project(project_id)
        return jsonify({"quota_set": {"id": project_id, **quotas.DEFAULTS}})


def _check_project(project_id: str) -> None:
    """Others' quotas are the administrator's to see; an unknown project is not found."""
    if not (g.context.is_admin or g.context.owns(project_id)):
        raise Forbidden("Only an administrator may see another project's quotas.")
    projects.exists(g.session, project_id)
