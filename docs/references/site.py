"""A page for what a site says in its inventory: the specification to which every host is held."""

from pathlib import Path

import yaml

from references.options import options

VALUES = "inventories/common/site_values.yml"

INTRODUCTION = """\
# A site's values

What an inventory says in `group_vars/all/site.yml`, made of `inventories/common/site_values.yml`. The deployment holds
every host to it before it changes anything. [An example](../../inventories/production/group_vars/all/site.yml).
"""


def site_page(repository: Path) -> str:
    """The page; its links to files start from `docs/reference`.

    :raises PluginError: when a value has no description
    """
    described = yaml.safe_load((repository / VALUES).read_text())["site_values"]
    return "\n".join([INTRODUCTION, *options("a site", described), ""])
