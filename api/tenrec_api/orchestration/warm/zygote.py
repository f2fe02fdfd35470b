"""The program that has Ansible imported and forks a child for each run.

`keeper` starts it with the environment of a run. It never runs a playbook itself, because Ansible leaves traces in the
process; it has one thread, because it forks; and it ends when the worker is gone, with everything that it forked.
"""

import gc
import os
import signal
import socket
import sys
from pathlib import Path

from tenrec_api.orchestration import leftovers
from tenrec_api.orchestration.warm import child
from tenrec_api.orchestration.warm.mark import Mark
from tenrec_api.orchestration.warm.protocol import LARGEST_REQUEST, READY, RETIRE


def serve(control: socket.socket, run_directory: Path, collection: str) -> None:
    """Fork a child for each request until the worker retires this process or dies."""
    mark = Mark.find()
    child.preload(collection)
    # What is imported by now stays: the children need not touch it to find out, and so go on sharing it.
    gc.collect()
    gc.freeze()
    # The kernel buries the children; nobody waits for them here.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    # A control-C at the terminal is for the worker, which lets its runs end first.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    control.send(READY)
    while True:
        request, descriptors, _flags, _address = socket.recv_fds(control, LARGEST_REQUEST, 2)
        if request == RETIRE:
            return
        if not request:
            leftovers.end_processes(run_directory)
            return
        if os.fork() == 0:
            control.close()
            child.run(request, descriptors[0], socket.socket(fileno=descriptors[1]), mark)
        for descriptor in descriptors:
            os.close(descriptor)


def main() -> None:
    """Arguments: the control socket's descriptor, the folder in which all runs have theirs, the runs' collection."""
    serve(socket.socket(fileno=int(sys.argv[1])), Path(sys.argv[2]), sys.argv[3])


if __name__ == "__main__":
    main()
