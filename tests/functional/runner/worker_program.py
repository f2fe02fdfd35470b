"""A worker as a process of its own, to be killed: one workflow, ``slow``, on the fixture collection.

Arguments: the database's URL, the folder of the test. The module sleeps as long as the file ``sleep`` says.
"""

import json
import logging
import sys
from pathlib import Path

from tenrec_api.config import Config, Database, Worker
from tenrec_api.orchestration.runner import Runner
from tenrec_api.orchestration.worker import serve
from tenrec_api.orchestration.workflows import by_kind
from tenrec_api.orchestration.workflows.base import Workflow


def main() -> None:
    folder = Path(sys.argv[2])
    told = folder / "told"

    def item(session, operation):
        sleep = float((folder / "sleep").read_text())
        return {"id": operation.resource_id, "sleep": sleep, "pid_file": str(folder / "pid")}

    def tell(session, operation, news):
        with told.open("a") as handle:
            handle.write(f"{operation.resource_id} {type(news).__name__}\n")

    logging.basicConfig(level=logging.INFO)
    settings = Worker(**json.loads((folder / "settings.json").read_text()))
    config = Config(database=Database(url=sys.argv[1]), worker=settings)
    runner = Runner(settings, collection="tenrec_test.fixture")
    serve(config, runner, by_kind([Workflow("slow", item, tell, tell, deadline_seconds=600)]), [])


if __name__ == "__main__":
    main()
