"""The schemas that clients read before they patch: which attributes an image has, and that others may be added."""

from flask import jsonify
from flask.views import MethodView

from tenrec_api.apis import IMAGE
from tenrec_api.exceptions import NotFound
from tenrec_api.http.blueprint import Blueprint, requires
from tenrec_api.schemas.image.images import CONTAINER_FORMATS, DISK_FORMATS, READ_ONLY, VISIBILITIES
from tenrec_api.schemas.image.images import Image as ImageSchema

blueprint = Blueprint("schemas", IMAGE, "JSON schemas of images")

TYPES = {"Integer": ["null", "integer"], "Boolean": "boolean", "List": "array"}
CHOICES = {"disk_format": DISK_FORMATS, "container_format": CONTAINER_FORMATS, "visibility": VISIBILITIES}


def image_schema() -> dict:
    """The JSON schema of an image, from the one that answers are made by."""
    properties = {}
    for name, field in ImageSchema().fields.items():
        properties[name] = {"type": TYPES.get(type(field).__name__, ["null", "string"])}
        if name in READ_ONLY:
            properties[name]["readOnly"] = True
        if name in CHOICES:
            properties[name]["enum"] = [None, *CHOICES[name]]
    return {"name": "image", "properties": properties, "additionalProperties": {"type": "string"}}


@blueprint.route("/schemas/<name>")
class Schemas(MethodView):
    """`image` or `images`."""

    @requires("image:schema:show")
    @blueprint.response(200)
    def get(self, name):
        """Show the schema of an image or of a list of them."""
        if name == "images":
            return jsonify({"name": "images", "properties": {"images": {"type": "array", "items": image_schema()}}})
        if name != "image":
            raise NotFound(f"There is no schema '{name[:60]}'; valid: image, images.")
        return jsonify(image_schema())
