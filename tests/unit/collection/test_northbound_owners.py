"""Rows of the northbound database are told apart by the names and tags that the modules give them."""

from ansible_collections.tenrec.cloud.plugins.module_utils.northbound_owners import owners

ONE, TWO = "0d7e3c57-0c6e-4b86-8f0e-7b1df7a0a001", "0d7e3c57-0c6e-4b86-8f0e-7b1df7a0a002"


def test_each_row_has_its_owner_and_others_have_none():
    found = owners(
        [{"name": f"neutron-{TWO}"}, {"name": f"neutron-{ONE}"}, {"name": ONE}, {"name": "neutron-other"}],
        [{"name": f"neutron-{ONE}"}, {"name": "lab"}],
        [{"name": ONE}, {"name": f"provnet-{ONE}"}, {"name": "by-hand"}],
        [{"external_ids": {"neutron:security_group_id": ONE}}, {"external_ids": {}}],
        [{"external_ids": {"neutron:fip_id": ONE}}, {"external_ids": {"neutron:router_name": "x"}}],
    )
    assert found == {
        "network": [ONE, TWO],
        "router": [ONE],
        "port": [ONE],
        "security_group": [ONE],
        "floating_ip": [ONE],
    }
