"""The Vagrantfile on a real Vagrant: which machines it makes, that a cloud comes on all of them or on none, and that it
works on Debian's own kernel with its AppArmor.

Machines without KVM are slow: one is made, and for most tests the playbooks that deploy are stand-ins which only say
what they reach.
"""

import time

from launcher.deployments import LAB
from launcher.paths import REPOSITORY

ONE = "storage1"
ONE_MACHINE = f"[controller]\n{ONE} ansible_host=172.30.64.61\n[network]\n{ONE}\n[compute]\n{ONE}\n[storage]\n{ONE}\n"
NOTHING = "- hosts: localhost\n  gather_facts: false\n  tasks: []\n"
STAND_IN = """\
- hosts: all
  gather_facts: true
  become: true
  tasks:
    - debug:
        msg: "reached {{ inventory_hostname }} as {{ ansible_facts['user_id'] }} at {{ management_address }},
          {{ management_address in ansible_facts['all_ipv4_addresses'] }}"
"""
REACHED = f"reached {ONE} as root at 192.168.60.61, True"


def test_the_file_is_valid(laptop):
    assert "validated successfully" in laptop.run("vagrant", "validate")


def test_there_is_a_machine_for_each_host_of_the_lab(laptop):
    lines = laptop.run("vagrant", "status", "--machine-readable").splitlines()
    names = [line.split(",")[1] for line in lines if line.split(",")[2] == "state"]
    assert sorted(names) == sorted(host.name for host in LAB.hosts())


def test_one_machine_alone_comes_up_and_is_no_cloud(laptop):
    said = laptop.run("vagrant", "up", ONE)
    others = ", ".join(host.name for host in LAB.hosts() if host.name != ONE)
    assert f"Nothing is deployed before these are up, too: {others}" in said
    assert laptop.run("vagrant", "ssh", ONE, "--", "hostname").strip() == ONE
    assert "192.168.60.61/24" in laptop.run("vagrant", "ssh", ONE, "--", "ip", "-brief", "address")
    laptop.run("vagrant", "ssh", ONE, "--", "sudo", "modprobe", "openvswitch")


def test_when_all_are_up_the_cloud_is_deployed_once(laptop):
    laptop.write("inventories/vagrant/hosts.ini", ONE_MACHINE)
    laptop.write("playbooks/precheck.yml", NOTHING)
    laptop.write("site.yml", STAND_IN)
    assert REACHED in laptop.run("vagrant", "up")
    assert "Deploying" not in laptop.run("vagrant", "up")
    assert REACHED in laptop.run("vagrant", "provision")


def test_a_cloud_with_a_server_on_a_kernel_of_its_own(laptop):
    for name in ("playbooks/precheck.yml", "site.yml"):
        laptop.write(name, (REPOSITORY / name).read_text())
    # It was made for one group, and has the memory of that.
    laptop.run("vagrant", "reload")
    laptop.run("vagrant", "provision")
    laptop.openstack("tenrec-admin", "flavor create --vcpus 1 --ram 128 --disk 1 tiny")
    provider = "--provider-network-type flat --provider-physical-network external"
    laptop.openstack("tenrec-admin", f"network create --external {provider} external")
    laptop.openstack(
        "tenrec-admin", "subnet create --network external --no-dhcp --subnet-range 192.168.61.0/24 outside"
    )
    laptop.openstack("tenrec", "network create demo")
    laptop.openstack("tenrec", "subnet create --network demo --subnet-range 10.11.12.0/24 demo")
    laptop.openstack("tenrec", "router create demo")
    laptop.openstack("tenrec", "router add subnet demo demo")
    laptop.openstack("tenrec", "router set --external-gateway external demo")
    laptop.openstack("tenrec", "security group rule create --proto tcp --dst-port 80 default")
    laptop.openstack("tenrec", "volume create --size 1 data")
    laptop.openstack("tenrec", "server create --image tiny --flavor tiny --network demo one")
    until(lambda: laptop.openstack("tenrec", "server show one -f value -c status") == "ACTIVE", seconds=400)
    until(lambda: laptop.openstack("tenrec", "volume show data -f value -c status") == "available", seconds=60)
    laptop.openstack("tenrec", "server add volume one data")
    until(lambda: laptop.openstack("tenrec", "volume show data -f value -c status") == "in-use", seconds=120)
    address = laptop.openstack("tenrec", "floating ip create external -f value -c floating_ip_address")
    laptop.openstack("tenrec", f"server add floating ip one {address}")
    laptop.run("ip", "route", "replace", "192.168.61.0/24", "via", "192.168.60.61")
    fetch = ("curl", "--silent", "--max-time", "20", f"http://{address}/")
    until(lambda: "<title>one</title>" in laptop.run(*fetch, check=False), seconds=300)
    assert "datapath_type: system" in laptop.run("vagrant", "ssh", ONE, "--", "sudo", "ovs-vsctl", "show")


def test_a_machine_with_another_host_key_is_refused(laptop):
    laptop.run("vagrant", "ssh", ONE, "--", "sudo rm /etc/ssh/ssh_host_ed25519_key && sudo systemctl restart ssh")
    # Connections that Ansible keeps open would not ask for the key again.
    laptop.run("rm", "-r", "/root/.ansible/cp")
    said = laptop.run("vagrant", "provision", check=False)
    assert "HOST IDENTIFICATION HAS CHANGED" in said
    assert "the cloud was not deployed" in said


def until(condition, seconds):
    """Wait until the condition holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(2)
