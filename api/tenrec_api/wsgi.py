"""The WSGI entry point: ``gunicorn tenrec_api.wsgi:application``."""

from tenrec_api import config
from tenrec_api.app import create_app

application = create_app(config.load())
