"""Fields that several nouns of the compute API share."""

import base64
import binascii
import ipaddress
import uuid

from marshmallow import ValidationError, fields

USER_DATA_CHARACTERS = 65535


class ServerName(fields.String):
    """1 to 255 printable characters; spaces around it are cut off."""

    def _deserialize(self, value, attr, data, **kwargs):
        name = super()._deserialize(value, attr, data, **kwargs).strip()
        if not 1 <= len(name) <= 255:
            raise ValidationError("A name has 1 to 255 characters that are not all spaces.")
        if not name.isprintable():
            raise ValidationError("A name has no control characters.")
        return name


class Uuid(fields.String):
    """A UUID as text, in its usual spelling."""

    def _deserialize(self, value, attr, data, **kwargs):
        text = super()._deserialize(value, attr, data, **kwargs)
        try:
            return str(uuid.UUID(text))
        except ValueError as error:
            raise ValidationError(f"'{text[:80]}' is not a UUID.") from error


class Reference(fields.String):
    """The id of another resource, or a link that ends in it; an empty one is None. `ids`: what an id must be."""

    def __init__(self, ids: fields.Field | None = None, **kwargs):
        super().__init__(**kwargs)
        self.ids = ids

    def _deserialize(self, value, attr, data, **kwargs):
        if isinstance(value, int) and not isinstance(value, bool):
            # Old clients write a flavor's id as a number.
            value = str(value)
        text = super()._deserialize(value, attr, data, **kwargs).rsplit("/", 1)[-1]
        if len(text) > 255:
            raise ValidationError("An id has at most 255 characters.")
        if not text:
            if self.required:
                raise ValidationError("The id is missing.")
            return None
        return self.ids.deserialize(text) if self.ids else text


class IpAddress(fields.String):
    """An IP address of one version (None: of either), in its usual spelling; empty where `empty`."""

    def __init__(self, version: int | None = None, empty: bool = False, **kwargs):
        super().__init__(**kwargs)
        self.version, self.empty = version, empty

    def _deserialize(self, value, attr, data, **kwargs):
        text = super()._deserialize(value, attr, data, **kwargs)
        if self.empty and text == "":
            return text
        try:
            address = ipaddress.ip_address(text)
        except ValueError as error:
            raise ValidationError(f"'{text[:80]}' is not an IP address.") from error
        if self.version not in (None, address.version) or "%" in text:
            raise ValidationError(f"'{text[:80]}' is not an IPv{self.version or 6} address without a zone.")
        return str(address)


def check_base64(text: str) -> None:
    """Raise ValidationError when `text` is not base64 of at most 65535 characters (line breaks allowed)."""
    if len(text) > USER_DATA_CHARACTERS:
        raise ValidationError(f"User data too large: at most {USER_DATA_CHARACTERS} characters of base64.")
    try:
        base64.b64decode("".join(text.split()).encode(), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValidationError("User data needs to be valid base 64.") from error
