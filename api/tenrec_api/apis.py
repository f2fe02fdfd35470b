"""The APIs served: their names, their prefixes on the one port, and the versions that they offer.

Only what works is offered: clients use the highest version that both sides know.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class ServedApi:
    """One OpenStack API: catalog types, path prefix, path of its version, and its microversions (min, max) if it has
    any.
    """

    name: str
    types: tuple[str, ...]
    prefix: str
    version_path: str
    version_id: str
    microversions: tuple[str, str] | None = None
    header: str | None = None
    updated: str = "2020-01-01T00:00:00Z"
    # What the catalog adds to the root; older clients of block storage count on the project in it.
    catalog_suffix: str = ""

    @property
    def root(self) -> str:
        """Path of the version's root, without a slash at the end."""
        return f"{self.prefix}{self.version_path}"


IDENTITY = ServedApi("identity", ("identity",), "/identity", "/v3", "v3.14")
IMAGE = ServedApi("image", ("image",), "/image", "/v2", "v2.9")
COMPUTE = ServedApi("compute", ("compute",), "/compute", "/v2.1", "v2.1", ("2.1", "2.1"), "compute")
NETWORK = ServedApi("network", ("network",), "/network", "/v2.0", "v2.0")
VOLUME = ServedApi(
    "volume",
    ("volumev3", "block-storage"),
    "/volume",
    "/v3",
    "v3.0",
    ("3.0", "3.0"),
    "volume",
    catalog_suffix="/%(project_id)s",
)
PLACEMENT = ServedApi("placement", ("placement",), "/placement", "", "v1.0", ("1.0", "1.0"), "placement")
OPERATIONS = ServedApi("operations", (), "/tenrec", "/v1", "v1")

APIS = (IDENTITY, IMAGE, COMPUTE, NETWORK, VOLUME, PLACEMENT, OPERATIONS)


def api_of_path(path: str) -> ServedApi | None:
    """The API to which a request's path belongs, or None."""
    return next((api for api in APIS if path == api.prefix or path.startswith(api.prefix + "/")), None)
