"""The tables. They know neither HTTP nor transactions."""

import importlib
import pkgutil

from tenrec_api.models.base import Base

# Every module of this package adds its tables to the one metadata, whatever is imported first.
for _module in pkgutil.walk_packages(__path__, f"{__name__}."):
    importlib.import_module(_module.name)

metadata = Base.metadata
