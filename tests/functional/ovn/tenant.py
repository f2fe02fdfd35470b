"""A small tenant's world as items of the network playbooks."""

HOSTILE = "{{ lookup('pipe', 'touch /tmp/tenrec-evaluated') }}\n'\"; rm -rf / #</name>{% raw %}é☃\u202e\\x"
"""A name that no shell, template or parser may understand."""

NETWORK = "6a1f5d1e-65ee-4d7d-8d4c-4a5a7b7a6d38"
OUTSIDE = "7b2f6e2f-76ff-4e8e-9e5d-5b6b8c8b7e49"
SUBNET = "0f2f1c34-6c0f-4c59-9f37-0b9d7e1b2f10"
GROUP = "3d7f9a5e-21b9-4c43-a6c5-1d4d0ac5a1c7"
ROUTER = "4c3b2a19-0817-46f5-a4e3-d2c1b0a99887"
INTERFACE = "1f0e9d8c-7b6a-4958-8473-625140392817"
GATEWAY = "2e1d0c9b-8a79-4685-9574-635241302918"
PORT = "9a1d7b58-3c1f-4f3f-8a53-7a4c1be0c1f2"
FLOATING = "b8a6f0d5-4d5c-4c07-a9b5-8d1f6b1e0c55"
GATEWAY_CHASSIS = "network-1"

STORY = [
    (
        "network",
        [
            {
                "id": NETWORK,
                "name": HOSTILE,
                "mtu": 1442,
                "external": False,
                "physical_network": None,
                "segmentation_id": None,
                "subnets": [
                    {
                        "id": SUBNET,
                        "name": HOSTILE,
                        "cidr": "10.0.0.0/24",
                        "ip_version": 4,
                        "gateway_ip": "10.0.0.1",
                        "enable_dhcp": True,
                        "dns_nameservers": ["192.0.2.53"],
                        "host_routes": [],
                    }
                ],
            },
            {
                "id": OUTSIDE,
                "name": "public",
                "mtu": 1500,
                "external": True,
                "physical_network": "external",
                "segmentation_id": None,
                "subnets": [],
            },
        ],
    ),
    (
        "security_group",
        [
            {
                "id": GROUP,
                "name": HOSTILE,
                "rules": [
                    {
                        "id": "5f0e2b61-6a4b-4c94-8f86-9f0a5d3b7e21",
                        "direction": "egress",
                        "ethertype": "IPv4",
                        "protocol": None,
                        "port_range_min": None,
                        "port_range_max": None,
                        "remote_ip_prefix": None,
                        "remote_group_id": None,
                    },
                    {
                        "id": "60f13c72-7b5c-4da5-9097-a01b6e4c8f32",
                        "direction": "ingress",
                        "ethertype": "IPv4",
                        "protocol": "tcp",
                        "port_range_min": 22,
                        "port_range_max": 22,
                        "remote_ip_prefix": "192.0.2.0/24",
                        "remote_group_id": None,
                    },
                ],
            }
        ],
    ),
    (
        "router",
        [
            {
                "id": ROUTER,
                "name": HOSTILE,
                "admin_state_up": True,
                "interfaces": [
                    {
                        "port_id": INTERFACE,
                        "mac_address": "fa:16:3e:00:00:10",
                        "network_id": NETWORK,
                        "cidrs": ["10.0.0.1/24"],
                        "mtu": 1442,
                    }
                ],
                "gateway": {
                    "port_id": GATEWAY,
                    "mac_address": "fa:16:3e:00:00:11",
                    "network_id": OUTSIDE,
                    "cidrs": ["198.51.100.2/24"],
                    "gateway_ip": "198.51.100.1",
                    "enable_snat": True,
                    "mtu": 1500,
                },
                "snat_cidrs": ["10.0.0.0/24"],
                "routes": [],
            }
        ],
    ),
    (
        "port",
        [
            {
                "id": PORT,
                "name": HOSTILE,
                "network_id": NETWORK,
                "mac_address": "fa:16:3e:00:00:01",
                "fixed_ips": [{"subnet_id": SUBNET, "ip_address": "10.0.0.5"}],
                "admin_state_up": True,
                "port_security_enabled": True,
                "allowed_address_pairs": [],
                "security_group_ids": [GROUP],
                "device_id": "",
                "device_owner": "",
            }
        ],
    ),
    (
        "floating_ip",
        [
            {
                "id": FLOATING,
                "floating_ip_address": "198.51.100.10",
                "fixed_ip_address": "10.0.0.5",
                "port_id": PORT,
                "router_id": ROUTER,
            }
        ],
    ),
]
