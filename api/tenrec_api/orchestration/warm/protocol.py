"""What worker, zygote and the children of runs say to one another, each in one message of a SOCK_SEQPACKET socket.

Zygote to worker: READY. Worker to zygote: a request (JSON: `argv`, `cwd`, `env`) with two descriptors, the run's
terminal and a socket for the child's answers; or RETIRE. Child to worker: its process id; then, when the worker has
said GO, the exit code. Whoever is gone is seen by the end of the socket, so nobody has to wait for a time.
"""

READY = b"ready"
RETIRE = b"retire"
GO = b"go"
# An environment and a command line; a socket's buffer takes a message of some 200 KiB.
LARGEST_REQUEST = 128 * 1024
# Below Ansible's local temporary folder: where it keeps the modules that it packed.
PACKED_MODULES = "ansiballz_cache"
# The variable that names the folder of a run's artifacts; ansible-runner sets it.
ARTIFACTS = "AWX_ISOLATED_DATA_DIR"
# That of Ansible's own temporary folder on this host.
LOCAL_TEMP = "ANSIBLE_LOCAL_TEMP"
