"""The command line: what can be said to `./tenrec`, and which function answers."""

import argparse
import ipaddress
import json
import sys
from pathlib import Path

from launcher import clouds, environment, image, lab, machine, network, nodes, prepared, ssh
from launcher.bench import BENCHES, bench
from launcher.checks.parts import run_visibly
from launcher.checks.run import NAMED_ONLY, PARTS, test
from launcher.deployments import ALLINONE, GROUPS, LAB, Host
from launcher.down import down, down_lab
from launcher.errors import LauncherError
from launcher.locks import exclusive
from launcher.paths import CLOUDS
from launcher.reconcile import reconcile
from launcher.status import status
from launcher.steps import Steps, report
from launcher.up import up


def main(arguments: list[str] | None = None) -> int:
    """Run one command of the launcher and return its exit code."""
    said, words = _split(sys.argv[1:] if arguments is None else arguments)
    options = _parser().parse_args(said)
    options.words = words
    try:
        return options.run(options) or 0
    except LauncherError as error:
        report(error)
        return 1
    except KeyboardInterrupt:
        print("tenrec: interrupted; run the same command again to go on", file=sys.stderr)
        return 130


def _split(arguments: list[str]) -> tuple[list[str], list[str]]:
    """What is said to the launcher, and what it passes on: what follows `test … --`, or `operation`."""
    if arguments[:1] == ["operation"]:
        return arguments[:1], arguments[1:]
    if arguments[:1] == ["test"] and "--" in arguments:
        place = arguments.index("--")
        return arguments[:place], arguments[place + 1 :]
    return arguments, []


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tenrec", description="A private cloud from one command.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    command = commands.add_parser(
        "up", help="make a host, deploy the cloud on it, start a first server; may be run again"
    )
    command.add_argument("-v", "--verbose", action="store_true", help="show Ansible's whole output")
    command.add_argument("--no-server", action="store_true", help="end when the cloud is deployed")
    command.set_defaults(run=lambda options: up(Steps(verbose=options.verbose), story=not options.no_server))

    command = commands.add_parser("status", help="say what runs, where, how full; exit 1 when something is wrong")
    command.set_defaults(run=_status)

    command = commands.add_parser("down", help="remove all that up and lab up made, and nothing else")
    command.add_argument(
        "--keep", action="store_true", help="keep what makes the next up quick: image, downloads, virtual environment"
    )
    command.set_defaults(run=lambda options: down(Steps(), keep=options.keep))

    _add_test_command(commands)

    command = commands.add_parser("bench", help="measure the cloud that runs, and print a table")
    command.add_argument("name", choices=BENCHES, help="; ".join(f"{name}: {what}" for name, what in BENCHES.items()))
    command.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    command.set_defaults(run=lambda options: bench(options.name, options.json))

    command = commands.add_parser(
        "operation", help="list, show, cancel, retry or replay playbook runs of tenants' requests", add_help=False
    )
    command.set_defaults(run=_operation)

    command = commands.add_parser(
        "reconcile", help="set right what is missing or changed on the hosts; exit 1 when something remains"
    )
    command.add_argument("--check", action="store_true", help="change nothing, only say what differs")
    command.set_defaults(run=lambda options: reconcile(ALLINONE, options.check))

    _add_node_commands(commands)
    _add_lab_commands(commands)

    command = commands.add_parser("venv", help="make the virtual environment with all that developing needs")
    command.set_defaults(run=_venv)
    return parser


def _add_test_command(commands: argparse._SubParsersAction) -> None:
    command = commands.add_parser(
        "test",
        help="run the tests: all that CI runs, or some parts",
        epilog="What follows -- is for the part: pytest's arguments (unit -- -k key) or roles (molecule -- chrony).",
    )
    command.add_argument("-v", "--verbose", action="store_true", help="show Ansible's whole output")
    parts = f"one or more of: {', '.join(PARTS)}; none: all but {', '.join(sorted(NAMED_ONLY))}"
    command.add_argument("parts", nargs="*", metavar="PART", help=parts)
    command.set_defaults(run=_test)


def _add_node_commands(commands: argparse._SubParsersAction) -> None:
    node = commands.add_parser("node", help="make and reach single nodes (containers that stand in for hosts)")
    verbs = node.add_subparsers(required=True, metavar="VERB")

    create = verbs.add_parser("create", help="make a node, or start it, and wait for SSH")
    create.add_argument("name")
    create.add_argument("--mgmt-ip", metavar="ADDRESS", help="its address on the management network")
    create.add_argument(
        "--groups", nargs="+", choices=GROUPS, default=(), help="with the packages that hosts of these groups have"
    )
    create.add_argument(
        "--external", type=ipaddress.ip_network, choices=network.SPARE_EXTERNALS, metavar="CIDR",
        help=f"the external network that it is the router of: one of {', '.join(map(str, network.SPARE_EXTERNALS))}",
    )  # fmt: skip
    create.set_defaults(run=_node_create)

    remove = verbs.add_parser("rm", help="remove nodes with all that they made")
    remove.add_argument("names", nargs="+", metavar="NAME")
    remove.set_defaults(run=_node_remove)

    listing = verbs.add_parser("list", help="list nodes with address and state")
    listing.set_defaults(run=_node_list)

    shell = verbs.add_parser("ssh", help="run a command, or a shell, as root on a node")
    shell.add_argument("name")
    shell.add_argument("command", nargs=argparse.REMAINDER)
    shell.set_defaults(run=_node_ssh)

    inventory = verbs.add_parser("inventory", help="print an Ansible inventory of nodes (JSON, which is YAML)")
    inventory.add_argument("names", nargs="*", metavar="NAME")
    inventory.set_defaults(run=_node_inventory)

    restart = verbs.add_parser("restart", help="cut a node's power and start it again")
    restart.add_argument("name")
    restart.set_defaults(run=_node_restart)


def _add_lab_commands(commands: argparse._SubParsersAction) -> None:
    several = commands.add_parser("lab", help="the cloud on several hosts of inventories/lab")
    verbs = several.add_subparsers(required=True, metavar="VERB")

    command = verbs.add_parser("up", help="make the hosts, deploy on them, start a server on each compute node")
    command.add_argument("-v", "--verbose", action="store_true", help="show Ansible's whole output")
    command.add_argument("--no-server", action="store_true", help="end when the cloud is deployed")
    command.set_defaults(run=lambda options: up(Steps(verbose=options.verbose), LAB, story=not options.no_server))

    command = verbs.add_parser("status", help="say what runs, where, how full; exit 1 when something is wrong")
    command.set_defaults(run=_lab_status)

    command = verbs.add_parser("ssh", help="run a command, or a shell, as root on a host")
    command.add_argument("name")
    command.add_argument("command", nargs=argparse.REMAINDER)
    command.set_defaults(run=lambda options: lab.connect(options.name, options.command))

    for verb, does, what in (
        ("kill", lab.kill, "cut a host's power"),
        ("start", lab.start, "give a host its power back"),
    ):
        command = verbs.add_parser(verb, help=what)
        command.add_argument("name")
        command.set_defaults(run=lambda options, does=does: does(options.name))

    command = verbs.add_parser("cut", help="cut two hosts apart")
    command.add_argument("first")
    command.add_argument("second")
    command.set_defaults(run=lambda options: lab.cut(options.first, options.second))

    command = verbs.add_parser("heal", help="undo every cut")
    command.set_defaults(run=lambda _options: lab.heal())

    command = verbs.add_parser("down", help="remove the lab; prepared hosts stay for the next one")
    command.set_defaults(run=lambda _options: down_lab(Steps()))


def _lab_status(_options: argparse.Namespace) -> int:
    machine.require_root()
    return status([LAB], others=False)


def _status(_options: argparse.Namespace) -> int:
    machine.require_root()
    return status()


def _test(options: argparse.Namespace) -> int:
    return test(Steps(verbose=options.verbose), options.parts, options.words)


def _operation(options: argparse.Namespace) -> int:
    if not CLOUDS.exists():
        raise LauncherError("there is no cloud", "./tenrec up")
    words = [environment.program("python"), "-m", "launcher.operations", *options.words]
    return run_visibly(words, clouds.variables())


def _venv(_options: argparse.Namespace) -> None:
    changed = environment.ensure(environment.DEPLOY, environment.DEVELOP)
    print(f"{environment.VENV} {'made' if changed else 'was ready already'}")


def _node_create(options: argparse.Namespace) -> None:
    machine.require_root()
    machine.install(machine.missing_packages(machine.NODE_PROGRAMS))
    base = _prepared_base(tuple(group for group in GROUPS if group in options.groups))
    node, changed = nodes.create(options.name, options.mgmt_ip, base)
    if options.external:
        network.lead(options.external, node.address)
    print(f"{node.name} {node.address} {'started' if changed else 'was running already'}")


def _prepared_base(groups: tuple[str, ...]) -> str:
    """The layers with the packages of these groups, made when they are not there; empty, the plain image, for none."""
    if not groups:
        return ""
    environment.ensure(environment.DEPLOY)
    with exclusive("nodes"):
        image.build()
    kind = Host("", "", groups)
    prepared.prepare(Steps(), [kind])
    return prepared.base_of(kind)


def _node_remove(options: argparse.Namespace) -> None:
    machine.require_root()
    for name in options.names:
        print(f"{name} {'removed' if nodes.remove(name) else 'was not there'}")


def _node_list(_options: argparse.Namespace) -> None:
    machine.require_root()
    for node in nodes.all_nodes():
        print(f"{node.name:<24} {node.address:<16} {node.state}")


def _node_ssh(options: argparse.Namespace) -> None:
    ssh.connect(nodes.find(options.name).address, options.command)


def _node_inventory(options: argparse.Namespace) -> None:
    chosen = [nodes.find(name) for name in options.names] or nodes.all_nodes()
    print(json.dumps(nodes.inventory(chosen), indent=2))


def _node_restart(options: argparse.Namespace) -> None:
    machine.require_root()
    node = nodes.restart(options.name)
    print(f"{node.name} {node.address} restarted")
