"""The worker's ear: a thread that hears the doorbell. Without it, or without RabbitMQ, the worker polls."""

import logging
import threading
import time
from collections.abc import Callable

import pika
from pika.exceptions import AMQPError

from tenrec_api.config import Broker
from tenrec_api.services.doorbell import RETRY_SECONDS, exchange, parameters

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
# How often the queue is bound anew.
BIND_SECONDS = 30.0


class Listener:
    """Calls `woken` after each ring, from a thread of its own, until it is stopped."""

    def __init__(self, broker: Broker, woken: Callable[[], None]):
        self._broker = broker
        self._woken = woken
        self._stopped = threading.Event()
        self.listening = threading.Event()
        self._thread = threading.Thread(target=self._listen_for_ever, name="listener", daemon=True)

    def start(self) -> None:
        """Begin to listen; without a broker's URL nothing happens."""
        if self._broker.url:
            self._thread.start()

    def stop(self) -> None:
        """Stop listening, within a second or so."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(timeout=5)

    def _listen_for_ever(self) -> None:
        complained = False
        while not self._stopped.is_set():
            try:
                with pika.BlockingConnection(parameters(self._broker)) as connection:
                    log.info("listening for the doorbell")
                    complained = False
                    self._listen_on(connection)
            except (AMQPError, OSError) as error:
                if not complained:
                    log.warning("cannot hear the doorbell, going on by polling: %r", error)
                    complained = True
                self._stopped.wait(RETRY_SECONDS)
            finally:
                self.listening.clear()

    def _listen_on(self, connection: pika.BlockingConnection) -> None:
        channel = connection.channel()
        # A queue of its own that goes away with it; one message in it says all that many would say.
        queue = channel.queue_declare("", exclusive=True, auto_delete=True, arguments={"x-max-length": 1}).method.queue
        channel.basic_consume(queue, lambda *_message: self._woken(), auto_ack=True)
        while not self._stopped.is_set():
            # Again and again: an exchange that was deleted takes the binding along and says nothing.
            channel.exchange_declare(exchange(self._broker), exchange_type="fanout", durable=True)
            channel.queue_bind(queue, exchange(self._broker))
            # Whatever was rung while nobody listened.
            self._woken()
            self.listening.set()
            until = time.monotonic() + BIND_SECONDS
            while time.monotonic() < until and not self._stopped.is_set():
                connection.process_data_events(time_limit=LOOK_SECONDS)
