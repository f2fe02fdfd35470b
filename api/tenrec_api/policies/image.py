"""Policy of the image API."""

from tenrec_api.context import Context
from tenrec_api.policies.rules import admin_or_service, anyone, project_member, project_reader


def _reader_or_service(context: Context) -> bool:
    return project_reader(context) or admin_or_service(context)


RULES = {
    "image:list": project_reader,
    "image:show": project_reader,
    "image:create": project_member,
    "image:update": project_member,
    "image:delete": project_member,
    "image:upload": project_member,
    # The nodes' own runs fetch images with a service's token.
    "image:download": _reader_or_service,
    "schema:show": anyone,
}
