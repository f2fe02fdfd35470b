"""Where this API is, for the links in its answers."""

from flask import current_app

from tenrec_api.apis import COMPUTE


def root_url() -> str:
    """The URL of the compute API's version, without a slash at the end."""
    return f"{current_app.extensions['tenrec'].config.api.public_url}{COMPUTE.root}"
