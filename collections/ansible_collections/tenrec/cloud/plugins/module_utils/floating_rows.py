"""Rows of a floating IP: one address translation on the router that it is bound through."""

from __future__ import annotations

from ansible_collections.tenrec.cloud.plugins.module_utils import addresses
from ansible_collections.tenrec.cloud.plugins.module_utils.northbound import Parent, Row, own_columns
from ansible_collections.tenrec.cloud.plugins.module_utils.router_rows import router_name

NAT_COLUMNS = ("_uuid", "type", "external_ip", "logical_ip", "logical_port", "external_mac", "external_ids")


def floating_document(floating):
    """The rows of one floating IP; none (None) when it is bound to nothing.

    The translation is done by the router's gateway chassis. Arguments: floating: an item of `floating_ip_apply`.
    """
    if not floating["router_id"]:
        return None
    router = router_name(floating["router_id"])
    return {
        f"nat of {router}": Row(
            "NAT",
            {
                "type": "dnat_and_snat",
                "external_ip": addresses.address(floating["floating_ip_address"], 4),
                "logical_ip": addresses.address(floating["fixed_ip_address"], 4),
                "logical_port": None,
                "external_mac": None,
                "external_ids": {
                    "neutron:fip_id": floating["id"],
                    "neutron:fip_port_id": floating["port_id"] or "",
                    "neutron:router_name": router,
                },
            },
            parent=Parent("nat", table="Logical_Router", name=router),
        )
    }


def found_floating(translations, routers):
    """The document of what there is.

    Arguments: translations: NAT rows of the floating IP. routers: for each of them the rows of the routers that hold
    it.
    """
    document = {}
    for row, holders in zip(translations, routers, strict=True):
        for holder in holders:
            parent = Parent("nat", table="Logical_Router", name=holder["name"])
            document[f"nat of {holder['name']}"] = Row("NAT", own_columns(row), parent, row["_uuid"])
    return document or None
