"""The doorbell: a message on RabbitMQ that tells the workers to look into the database now.

A message carries nothing and may be lost: the worker also polls. So ringing never waits and never fails: a request only
sets a flag, and a thread of this process sends the message.
"""

import logging
import os
import threading
import time

import pika
from pika.exceptions import AMQPError
from sqlalchemy import event
from sqlalchemy.orm import Session, sessionmaker

from tenrec_api.config import Broker

log = logging.getLogger(__name__)
# pika tells of one refused connection in seven lines and a traceback; the one line of ours says it all.
logging.getLogger("pika").setLevel(logging.CRITICAL)

# The session's note that the transaction adds work; set by services.operations, read after the commit.
WORK_WAITS = "tenrec.work_waits"
RETRY_SECONDS = 2.0
HEARTBEAT_SECONDS = 30


def parameters(broker: Broker) -> pika.URLParameters:
    """How to reach RabbitMQ: short time-outs, because the caller has something better to do than to wait."""
    wanted = pika.URLParameters(broker.url)
    wanted.heartbeat = HEARTBEAT_SECONDS
    wanted.socket_timeout = wanted.stack_timeout = wanted.blocked_connection_timeout = 5
    return wanted


def exchange(broker: Broker) -> str:
    """The name of the fanout exchange: every worker hears every ring."""
    return f"{broker.queue}.work"


class Doorbell:
    """Rings after each commit that added an operation. Without a broker's URL it does nothing."""

    def __init__(self, broker: Broker):
        self._broker = broker
        self._wanted = threading.Event()
        self._lock = threading.Lock()
        self._process: int | None = None

    def attach(self, sessions: sessionmaker[Session]) -> None:
        """Ring after every commit, in sessions made by `sessions`, that added an operation."""
        event.listen(sessions, "after_commit", self._committed)

    def _committed(self, session: Session) -> None:
        if session.info.pop(WORK_WAITS, False):
            self.ring()

    def ring(self) -> None:
        """Tell the workers, soon; returns at once. Never raises: a worker that is not told polls."""
        if not self._broker.url:
            return
        self._wanted.set()
        with self._lock:
            # A server that forks its workers forks no thread with them: each process starts its own, at its first ring.
            if self._process != os.getpid():
                self._process = os.getpid()
                threading.Thread(target=self._send_for_ever, name="doorbell", daemon=True).start()

    def _send_for_ever(self) -> None:
        complained = False
        while True:
            try:
                with pika.BlockingConnection(parameters(self._broker)) as connection:
                    complained = False
                    self._send_on(connection)
            except (AMQPError, OSError) as error:
                if not complained:
                    log.warning("the doorbell is out of order, workers go on polling: %r", error)
                    complained = True
                time.sleep(RETRY_SECONDS)
                # What could not be sent, or was sent into the void, is sent once more.
                self._wanted.set()

    def _send_on(self, connection: pika.BlockingConnection) -> None:
        channel = connection.channel()
        channel.exchange_declare(exchange(self._broker), exchange_type="fanout", durable=True)
        while True:
            # The connection's own heartbeats need a look at the socket now and then.
            if self._wanted.wait(timeout=HEARTBEAT_SECONDS / 3):
                self._wanted.clear()
                channel.basic_publish(exchange(self._broker), routing_key="", body=b"")
            else:
                connection.process_data_events()
