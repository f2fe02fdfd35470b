"""Runs on the controller as the worker's user: one playbook by the cloud's runner and by stock ansible-runner, in turn.

Prints one JSON object for each run: ``{"way", "milliseconds", "work"}``, both in ms; `work` is the module's own time.
"""

import argparse
import json
import os
import shutil
import tempfile
import time
import uuid
from dataclasses import replace
from pathlib import Path

import ansible_runner
import pexpect
import yaml

from tenrec_api import config
from tenrec_api.orchestration.runner import Runner

HERE = Path(__file__).parent
COLLECTION = "tenrec_bench.fixture"
KNOWN_HOSTS = "/etc/tenrec/ssh/known_hosts"
PLAIN_PYTHON = "/opt/tenrec/node/bin/python"
DEADLINE = 60
WARM_UP = 3


def main() -> None:
    """Every round runs each way once; the first rounds are not told."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, required=True)
    parser.add_argument("--stock-every", type=int, default=1, help="run the stock ways in every so-manyth round only")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="tenrec-bench-"))
    runners = _runners(config.load().worker, folder)
    try:
        runners["tenrec"].start()
        if not runners["tenrec"].wait_warm():
            raise SystemExit("the process that forks runs did not start within a minute")
        ways = _ways(runners, folder)
        for number in range(-WARM_UP, options.rounds):
            for name, run in ways.items():
                if name != "tenrec" and number % options.stock_every:
                    continue
                began = time.monotonic()
                work = run()
                took = time.monotonic() - began
                if number >= 0:
                    told = {"way": name, "milliseconds": took * 1000, "work": work * 1000}
                    print(json.dumps(told), flush=True)
    finally:
        runners["tenrec"].stop()
        shutil.rmtree(folder, ignore_errors=True)


def _runners(deployed: config.Worker, folder: Path) -> dict[str, Runner]:
    """The cloud's runner as it is deployed (``tenrec``), and without all that makes it fast (``tuned``)."""
    collections = os.pathsep.join([str(HERE / "collections"), deployed.collections_path])
    inventory = yaml.safe_load(Path(deployed.inventory).read_text())
    ours = replace(
        deployed,
        collections_path=collections,
        run_directory=str(folder / "runs"),
        archive_directory=str(folder / "archive"),
    )
    # The stock ways use no accelerator of ours on the node either.
    inventory["all"]["vars"]["ansible_python_interpreter"] = PLAIN_PYTHON
    plain = folder / "plain.yml"
    plain.write_text(yaml.safe_dump(inventory))
    tuned = replace(ours, inventory=str(plain), warm=False, run_directory=str(folder / "tuned"))
    runners = {"tenrec": Runner(ours, COLLECTION), "tuned": Runner(tuned, COLLECTION)}
    for runner in runners.values():
        runner.clean()
    return runners


def _ways(runners: dict[str, Runner], folder: Path) -> dict:
    """The three ways of running the playbook; each returns the seconds of the module's own work."""
    inventory = yaml.safe_load((folder / "plain.yml").read_text())
    node = next(iter(inventory["all"]["children"]["compute"]["hosts"]))
    inventory["all"]["vars"]["ansible_ssh_common_args"] = f"-o UserKnownHostsFile={KNOWN_HOSTS}"
    stock = folder / "stock.yml"
    stock.write_text(yaml.safe_dump(inventory))
    collections = os.pathsep.join([str(HERE / "collections"), config.load().worker.collections_path])
    return {
        "tenrec": lambda: _by_runner(runners["tenrec"], node),
        "tuned": lambda: _by_runner(runners["tuned"], node),
        "stock": lambda: _by_stock(folder, stock, collections, node),
    }


def _by_runner(runner: Runner, node: str) -> float:
    item = {"id": str(uuid.uuid4())}
    result = runner.run("probe", [item], {"compute": node}, DEADLINE)
    outcome = result.outcomes[item["id"]]
    if outcome.fault is not None:
        raise SystemExit(f"the run failed: {outcome.fault.task}: {outcome.fault.message}\n{result.output}")
    return outcome.facts["seconds"]


def _by_stock(folder: Path, inventory: Path, collections: str, node: str) -> float:
    """ansible-runner as its manual shows it: nothing is set but where things are and which key to use."""
    data = folder / f"stock-{uuid.uuid4()}"
    data.mkdir()
    # The cloud's runner has put a module of its own in this place.
    ours, ansible_runner.runner.pexpect = ansible_runner.runner.pexpect, pexpect
    run = ansible_runner.run(
        private_data_dir=str(data),
        playbook=f"{COLLECTION}.probe",
        inventory=str(inventory),
        extravars={"items": [{"id": str(uuid.uuid4())}], "nodes": {"compute": node}, "deadline": DEADLINE},
        envvars={
            "ANSIBLE_COLLECTIONS_PATH": collections,
            "ANSIBLE_PRIVATE_KEY_FILE": "/etc/tenrec/ssh/id_ed25519",
            "ANSIBLE_HOME": str(folder / "home"),
            "ANSIBLE_HOST_KEY_CHECKING": "True",
        },
        quiet=True,
    )
    ansible_runner.runner.pexpect = ours
    ended = [event["event_data"]["res"] for event in run.events if event["event"] == "runner_on_ok"]
    if run.status != "successful" or not ended:
        raise SystemExit(f"the stock run is {run.status}:\n{run.stdout.read()}")
    shutil.rmtree(data)
    return ended[0]["results"][0]["seconds"]


if __name__ == "__main__":
    main()
