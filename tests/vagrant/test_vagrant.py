"""The Vagrantfile on a real Vagrant: which machines it makes, and that a cloud comes on all of them or on none.

Machines without KVM are slow: one is made, and the playbooks that deploy are stand-ins which only say what they reach.
"""

from launcher.deployments import LAB

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


def test_a_machine_with_another_host_key_is_refused(laptop):
    laptop.run("vagrant", "ssh", ONE, "--", "sudo rm /etc/ssh/ssh_host_ed25519_key && sudo systemctl restart ssh")
    # Connections that Ansible keeps open would not ask for the key again.
    laptop.run("rm", "-r", "/root/.ansible/cp")
    said = laptop.run("vagrant", "provision", check=False)
    assert "HOST IDENTIFICATION HAS CHANGED" in said
    assert "the cloud was not deployed" in said
