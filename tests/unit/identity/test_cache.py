"""The cache before a memcached that is slow: every thread of a server may ask at the same moment."""

import socketserver
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tenrec_api import config
from tenrec_api.services.cache import Cache

THREADS = 12


class _Slow(socketserver.StreamRequestHandler):
    """Knows nothing, and says so when all threads have asked."""

    def handle(self):
        while line := self.rfile.readline():
            if line.startswith(b"get"):
                self.server.all_here.wait(timeout=5)
                self.wfile.write(b"END\r\n")


@pytest.fixture
def slow_memcached():
    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        request_queue_size = THREADS
        all_here = threading.Barrier(THREADS)

    with Server(("127.0.0.1", 0), _Slow) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_as_many_threads_ask_at_once_as_there_are(slow_memcached):
    cache = Cache(config.Cache(servers=(slow_memcached,)))
    with ThreadPoolExecutor(THREADS) as pool:
        answers = list(pool.map(cache.get, [f"key{number}" for number in range(THREADS)]))
    assert answers == [None] * THREADS
