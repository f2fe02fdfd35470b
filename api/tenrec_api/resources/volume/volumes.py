"""Volumes."""

from flask import Response, current_app, g, jsonify, request
from flask.views import MethodView

from tenrec_api.apis import VOLUME
from tenrec_api.exceptions import InvalidInput
from tenrec_api.http.blueprint import Blueprint, requires
from tenrec_api.http.paging import page_links
from tenrec_api.http.parsing import read_json
from tenrec_api.schemas.base import enveloped
from tenrec_api.schemas.volume.volumes import Volume as VolumeSchema
from tenrec_api.schemas.volume.volumes import VolumeCreateRequest, VolumeQuery, VolumeUpdate, describe
from tenrec_api.services.volume import volumes

blueprint = Blueprint("volumes", VOLUME, "Volumes; also below /volume/v3/{project_id}")


def links(volume_id: str) -> list[dict]:
    """Where a volume is: with and without the version."""
    public_url = current_app.extensions["tenrec"].config.api.public_url
    return [
        {"rel": "self", "href": f"{public_url}{VOLUME.root}/volumes/{volume_id}"},
        {"rel": "bookmark", "href": f"{public_url}{VOLUME.prefix}/volumes/{volume_id}"},
    ]


def _whole(volume) -> dict:
    return {**describe(volume, admin=g.context.is_admin), "links": links(volume.id)}


def _list(query: dict, form) -> Response:
    rows, more = volumes.find(g.session, g.context, query)
    body = {"volumes": [form(volume) for volume in rows]}
    if more:
        body["volumes_links"] = page_links(more, rows[-1].id)
    return jsonify(body)


@blueprint.route("/volumes")
class Volumes(MethodView):
    """All volumes of the project."""

    @requires("volume:volume:list")
    @blueprint.arguments(VolumeQuery, location="query")
    @blueprint.response(200)
    def get(self, query):
        """List volumes, briefly."""
        return _list(query, lambda volume: {"id": volume.id, "name": volume.name or "", "links": links(volume.id)})

    @requires("volume:volume:create")
    @blueprint.arguments(VolumeCreateRequest)
    @blueprint.response(202, enveloped("volume", VolumeSchema))
    def post(self, body):
        """Make a volume, empty or of an image."""
        given = body["volume"]
        attributes = {
            "size_gib": given["size"],
            "name": given.get("name"),
            "description": given.get("description"),
            "details": given.get("metadata") or {},
        }
        volume = volumes.create(g.session, g.context, attributes, given.get("imageRef") or None)
        return jsonify({"volume": _whole(volume)}), 202


@blueprint.route("/volumes/detail")
class VolumesDetail(MethodView):
    """All volumes of the project, whole."""

    @requires("volume:volume:list")
    @blueprint.arguments(VolumeQuery, location="query")
    @blueprint.response(200)
    def get(self, query):
        """List volumes with all their attributes."""
        return _list(query, _whole)


@blueprint.route("/volumes/<volume_id>")
class Volume(MethodView):
    """One volume."""

    @requires("volume:volume:show")
    @blueprint.response(200, enveloped("volume", VolumeSchema))
    def get(self, volume_id):
        """Show a volume."""
        return jsonify({"volume": _whole(volumes.show(g.session, g.context, volume_id))})

    @requires("volume:volume:update")
    @blueprint.arguments(enveloped("volume", VolumeUpdate))
    @blueprint.response(200, enveloped("volume", VolumeSchema))
    def put(self, body, volume_id):
        """Change a volume's name, description or metadata."""
        names = {"display_name": "name", "display_description": "description", "metadata": "details"}
        attributes = {names.get(name, name): value for name, value in body["volume"].items()}
        return jsonify({"volume": _whole(volumes.update(g.session, g.context, volume_id, attributes))})

    @requires("volume:volume:delete")
    @blueprint.response(202)
    def delete(self, volume_id):
        """Delete a volume that is in no server."""
        volumes.delete(g.session, g.context, volume_id)
        return Response(status=202)


@blueprint.route("/volumes/<volume_id>/action")
class VolumeAction(MethodView):
    """Actions on a volume. Attaching is done through the compute API."""

    @requires("volume:volume:action")
    @blueprint.doc(requestBody={"content": {"application/json": {"schema": {"type": "object"}}}})
    @blueprint.response(200)
    def post(self, volume_id):
        """Do what the body's only key names; valid: os-set_bootable."""
        volume = volumes.show(g.session, g.context, volume_id)
        body = read_json(request)
        if not isinstance(body, dict) or len(body) != 1:
            raise InvalidInput("The body has one key, the name of the action; valid: os-set_bootable.")
        (action, argument), *_ = body.items()
        if (
            action != "os-set_bootable"
            or not isinstance(argument, dict)
            or not isinstance(argument.get("bootable"), bool)
        ):
            raise InvalidInput(
                f"The action '{action[:60]}' is not available; valid: os-set_bootable {{bootable: true or false}}. "
                "Volumes are attached and detached through the compute API."
            )
        volumes.update(g.session, g.context, volume.id, {"bootable": argument["bootable"]})
        return Response(status=200)
