"""What can go wrong, without any HTTP: the outermost layer gives each its status and each API's own form."""


class TenrecError(Exception):
    """A failure that the caller can be told about. `message` says what was wrong, with which value, what is valid."""

    def __init__(self, message: str, kind: str | None = None):
        super().__init__(message)
        self.message = message
        # The machine-readable name of the error, such as Neutron's "IpAddressInUse"; None: the class says enough.
        self.kind = kind


class InvalidInput(TenrecError):
    """The request is malformed or a value in it is not valid (400)."""


class Unauthenticated(TenrecError):
    """No token, or one that is not valid (401)."""


class Forbidden(TenrecError):
    """The policy does not allow this to the caller (403)."""


class NotFound(TenrecError):
    """No such resource, or none that the caller may see (404)."""


class Conflict(TenrecError):
    """The resource's state, or another resource, forbids this (409)."""


class PreconditionFailed(TenrecError):
    """An If-Match condition does not hold (412)."""


class TooLarge(TenrecError):
    """The request or the upload is larger than allowed (413)."""


class UnsupportedMedia(TenrecError):
    """The body's media type is not one that this resource takes (415)."""


class QuotaExceeded(TenrecError):
    """The project's quota does not leave room for this (403 in compute, 409 in network, 413 in volume)."""


class Unavailable(TenrecError):
    """Something behind the API did not answer in time (503)."""
