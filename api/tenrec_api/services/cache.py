"""memcached for what is asked on every request and changes rarely. Away or empty, it only costs time.

All entries carry the generation in which they were read. Forgetting everything is making a new generation: one write.
"""

import json
import logging
import time
import uuid
from typing import Any

from pymemcache import MemcacheError
from pymemcache.client.hash import HashClient

from tenrec_api import config

log = logging.getLogger(__name__)

GENERATION = "tenrec:generation"
PREFIX = "tenrec:"
TTL_SECONDS = 300
RETRY_SECONDS = 5


class Cache:
    """What the database says about tokens and the catalog, by key, all of one generation."""

    def __init__(self, cache: config.Cache):
        self._client = (
            HashClient(
                list(cache.servers),
                connect_timeout=0.5,
                timeout=0.5,
                # A connection for each thread that asks at the same moment: a bound would refuse one thread too many.
                use_pooling=True,
                ignore_exc=False,
            )
            if cache.servers
            else None
        )
        self._away_until = 0.0

    def get(self, key: str) -> Any | None:
        """What is remembered under `key` in the present generation, or None."""
        found = self._ask(lambda client: client.get_many([GENERATION, PREFIX + key])) or {}
        entry = found.get(PREFIX + key)
        if entry is None or found.get(GENERATION) is None:
            return None
        generation, facts = json.loads(entry)
        return facts if generation == found[GENERATION].decode() else None

    def generation(self) -> str | None:
        """The present generation, made if there is none; None when the cache is away."""
        found = self._ask(lambda client: client.get(GENERATION))
        if found is None:
            # add, not set: of several that find none, one wins, and all use the winner's.
            self._ask(lambda client: client.add(GENERATION, uuid.uuid4().hex.encode(), noreply=False))
            found = self._ask(lambda client: client.get(GENERATION))
        return found.decode() if found else None

    def put(self, key: str, facts: Any, generation: str | None) -> None:
        """Remember `facts`, which were read when `generation` was the present one."""
        if generation is not None:
            entry = json.dumps([generation, facts]).encode()
            self._ask(lambda client: client.set(PREFIX + key, entry, expire=TTL_SECONDS))

    def forget_all(self) -> None:
        """Make a new generation. Called after every commit that changes who may do what."""
        self._away_until = 0.0
        self._ask(lambda client: client.set(GENERATION, uuid.uuid4().hex.encode(), noreply=False))

    def _ask(self, question):
        if self._client is None or time.monotonic() < self._away_until:
            return None
        try:
            return question(self._client)
        except (MemcacheError, OSError) as error:
            log.warning("memcached does not answer, going on without it: %r", error)
            self._away_until = time.monotonic() + RETRY_SECONDS
            return None
