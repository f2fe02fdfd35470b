"""Images: records, data, tags."""

from flask import Response, g, jsonify, request
from flask.views import MethodView
from marshmallow import ValidationError

from tenrec_api.apis import IMAGE
from tenrec_api.exceptions import InvalidInput, UnsupportedMedia
from tenrec_api.http.blueprint import Blueprint, requires
from tenrec_api.http.paging import next_page
from tenrec_api.http.parsing import read_json, sentences
from tenrec_api.schemas.image.images import READ_ONLY, ImageAttributes, ImageList, ImageQuery, describe
from tenrec_api.schemas.image.images import Image as ImageSchema
from tenrec_api.services.image import images, patches

blueprint = Blueprint("images", IMAGE, "Images and their data")
PATCH_TYPES = ("application/openstack-images-v2.1-json-patch", "application/openstack-images-v2.0-json-patch")


@blueprint.route("/images")
class Images(MethodView):
    """All images that the caller may use."""

    @requires("image:image:list")
    @blueprint.arguments(ImageQuery, location="query")
    @blueprint.response(200, ImageList)
    def get(self, query):
        """List images."""
        rows, more = images.find(g.session, g.context, query)
        body = {"images": [describe(image) for image in rows], "first": "/v2/images", "schema": "/v2/schemas/images"}
        if more:
            body["next"] = next_page("/v2/images", rows[-1].id)
        return jsonify(body)

    @requires("image:image:create")
    @blueprint.arguments(ImageAttributes)
    @blueprint.response(201, ImageSchema)
    def post(self, attributes):
        """Make an image's record; its data is uploaded next."""
        image = images.create(g.session, g.context, attributes)
        response = jsonify(describe(image))
        response.headers["Location"] = f"{IMAGE.root}/images/{image.id}"
        return response, 201


@blueprint.route("/images/<image_id>")
class Image(MethodView):
    """One image."""

    @requires("image:image:show")
    @blueprint.response(200, ImageSchema)
    def get(self, image_id):
        """Show an image."""
        return jsonify(describe(images.show(g.session, g.context, image_id)))

    @requires("image:image:update")
    @blueprint.response(200, ImageSchema)
    def patch(self, image_id):
        """Change an image by a JSON patch."""
        if request.mimetype not in PATCH_TYPES:
            raise UnsupportedMedia(f"A patch has the media type {PATCH_TYPES[0]}, not '{request.mimetype[:60]}'.")
        image = images.show_own(g.session, g.context, image_id)
        document = patches.apply(image, read_json(request), READ_ONLY)
        try:
            attributes = ImageAttributes().load(document)
        except ValidationError as error:
            raise InvalidInput("; ".join(sentences(error.messages))) from error
        return jsonify(describe(images.update(g.session, g.context, image, attributes)))

    @requires("image:image:delete")
    @blueprint.response(204)
    def delete(self, image_id):
        """Delete an image."""
        images.delete(g.session, g.context, image_id)
        return Response(status=204)


@blueprint.route("/images/<image_id>/file")
class ImageFile(MethodView):
    """The data of an image."""

    @requires("image:image:upload")
    @blueprint.response(204)
    def put(self, image_id):
        """Upload the data, streamed; answers once it has been inspected and the image is active."""
        if request.mimetype != "application/octet-stream":
            raise UnsupportedMedia(f"Data has the media type application/octet-stream, not '{request.mimetype[:60]}'.")
        # None would mean the limit of all other requests.
        request.max_content_length = g.session.info["settings"].images.max_bytes
        images.upload(g.session, g.context, image_id, request.stream)
        return Response(status=204)

    @requires("image:image:download")
    @blueprint.response(200, {"type": "string", "format": "binary"}, content_type="application/octet-stream")
    def get(self, image_id):
        """Download the data."""
        image = images.show(g.session, g.context, image_id)
        response = Response(images.read(g.session, image), mimetype="application/octet-stream")
        response.content_length = image.size
        response.headers["Content-MD5"] = image.md5
        return response


@blueprint.route("/images/<image_id>/tags/<tag>")
class ImageTag(MethodView):
    """One tag of an image."""

    @requires("image:image:update")
    @blueprint.response(204)
    def put(self, image_id, tag):
        """Add a tag."""
        image = images.show_own(g.session, g.context, image_id)
        if len(tag) > 255:
            raise InvalidInput("A tag has at most 255 characters.")
        images.update(g.session, g.context, image, {"tags": list(dict.fromkeys([*image.tags, tag]))})
        return Response(status=204)

    @requires("image:image:update")
    @blueprint.response(204)
    def delete(self, image_id, tag):
        """Remove a tag; one that is not there is left as it is."""
        image = images.show_own(g.session, g.context, image_id)
        images.update(g.session, g.context, image, {"tags": [each for each in image.tags if each != tag]})
        return Response(status=204)
