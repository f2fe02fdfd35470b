"""What a run's child does in the zygote's stead, so that Ansible finds itself as in a process of its own.

It runs `ansible-playbook`'s own entry point. All that Ansible settled while it was imported and that belongs to one
run is made anew here: environment, temporary folder, random numbers, handlers for the end, signals, the terminal.
"""

import atexit
import fcntl
import importlib
import json
import os
import random
import secrets
import signal
import socket
import sys
import termios
import traceback
from pathlib import Path
from typing import NoReturn

import ansible.cli.playbook
from ansible import constants
from ansible.plugins import loader
from ansible.utils import vars as ansible_vars
from ansible.utils.collection_loader import AnsibleCollectionConfig
from ansible.utils.display import Display

from tenrec_api.orchestration.warm.mark import Mark
from tenrec_api.orchestration.warm.protocol import ARTIFACTS, GO, LOCAL_TEMP, PACKED_MODULES

# Signals that a run gets as a fresh program would; Python set the others up itself when it started.
DEFAULT_SIGNALS = (signal.SIGCHLD, signal.SIGTERM, signal.SIGWINCH)


# Kinds of plugins of which a run looks at every one, or may use any.
WHOLE_KINDS = (
    loader.become_loader,
    loader.connection_loader,
    loader.inventory_loader,
    loader.shell_loader,
    loader.vars_loader,
)
SINGLE_PLUGINS = (
    (loader.action_loader, ("normal", "gather_facts", "set_fact")),
    (loader.cache_loader, ("jsonfile", "memory")),
    (loader.callback_loader, ("default", "junit", "minimal", "oneline", "tree")),
    (loader.strategy_loader, ("linear",)),
)
# What Ansible imports on its way.
LATE_MODULES = (
    "ansible.executor.process.worker",
    "ansible.playbook.role_include",
    "ansible.playbook.handler_task_include",
    "ansible._internal._ansiballz._builder",
    "ansible._internal._json._profiles._inventory_legacy",
    "multiprocessing.popen_fork",
    "multiprocessing.synchronize",
    "pty",
)


def preload(collection: str) -> None:
    """Import what every run needs, and read the descriptions of plugins, of Ansible and of `collection`.

    Ansible's own loaders do it and remember. What they load has no traces of a run: no instance is made. runner's
    display callback is not among it, for it changes how Ansible speaks from the moment on which it is loaded.
    """
    loader.init_plugin_loader()
    importlib.import_module("ansible_collections.ansible.builtin")
    importlib.import_module(f"ansible_collections.{collection}")
    for each in WHOLE_KINDS:
        list(each.all(class_only=True))
    for kind, names in SINGLE_PLUGINS:
        for name in names:
            kind.get(name, class_only=True)
    for module in LATE_MODULES:
        importlib.import_module(module)
    for kind in (loader.filter_loader, loader.test_loader):
        list(kind.all())
    folder = Path(importlib.import_module(f"ansible_collections.{collection}").__path__[0])
    for path in folder.glob("plugins/filter/*.py"):
        loader.filter_loader.get(f"{collection}.{path.stem}")


def run(request: bytes, terminal: int, answer: socket.socket, mark: Mark) -> NoReturn:
    """Be the run of `request` on `terminal`; `answer` gets the process id, and the exit code at the end."""
    code = 1
    try:
        wanted = json.loads(request)
        mark.write(wanted["env"][ARTIFACTS])
        answer.send(str(os.getpid()).encode())
        if answer.recv(len(GO)) != GO:
            # The worker did not wait: it runs the playbook in another way.
            os._exit(code)
        _take_terminal(terminal)
        os.chdir(wanted["cwd"])
        code = _playbook(wanted["argv"], wanted["env"])
        answer.send(str(code).encode())
    finally:
        os._exit(code)


def _take_terminal(terminal: int) -> None:
    os.setsid()
    fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
    for standard in range(3):
        os.dup2(terminal, standard)
    os.close(terminal)
    for number in DEFAULT_SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # As ansible-runner starts it.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    # Python decides on it when it starts, and in the zygote there was no terminal.
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)


def _playbook(argv: list[str], environment: dict[str, str]) -> int:
    atexit._clear()
    _settle(environment)
    sys.argv = argv
    code = 1
    try:
        ansible.cli.playbook.main(argv)
    except SystemExit as end:
        code = int(end.code or 0)
    except BaseException:
        traceback.print_exc()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    return code


def _settle(environment: dict[str, str]) -> None:
    of_zygote = dict(os.environ)
    os.environ.clear()
    os.environ.update(environment)
    changed = {name for name in environment if environment[name] != of_zygote.get(name)}
    for name, definition in constants.config.get_configuration_definitions().items():
        if any(source["name"] in changed for source in definition.get("env") or ()):
            setattr(constants, name, constants.config.get_config_value(name))
    # Modules are packed once for all runs; the zygote starts anew when one of their files changes.
    packed = Path(of_zygote[LOCAL_TEMP], PACKED_MODULES)
    Path(constants.DEFAULT_LOCAL_TMP, PACKED_MODULES).symlink_to(packed)
    random.seed()
    # Ids of tasks and plays are made of these.
    ansible_vars.cur_id = 0
    ansible_vars.random_int = f"{secrets.randbelow(2**32):08x}"
    display = Display()
    display._set_column_width()
    # What was said while Ansible was loaded would not be said again.
    for said in (display._warns, display._deprecations, display._errors):
        said.clear()
    # The command makes it anew from its arguments and would warn of a second one.
    AnsibleCollectionConfig._collection_finder = None
