"""A bounded number of holders per key."""

import asyncio
from collections.abc import Hashable


class _Key:
    """What is known of one key."""

    __slots__ = ("turns", "users")

    def __init__(self, limit: int) -> None:
        self.turns = asyncio.Semaphore(limit)
        self.users = 0
        """Holders and waiters."""


class Turns:
    """At most *limit* holders of each key at once; the others wait in order of arrival.

    Keys come from tenants, so one that nobody holds or waits for is forgotten.
    """

    __slots__ = ("_keys", "_limit")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._keys: dict[Hashable, _Key] = {}

    async def take(self, key: Hashable) -> None:
        """Wait for a turn of *key*. Every `take` that returns needs one `give`."""
        found = self._keys.get(key)
        if found is None:
            found = self._keys[key] = _Key(self._limit)
        found.users += 1
        try:
            await found.turns.acquire()
        except BaseException:
            self._leave(key, found)
            raise

    def give(self, key: Hashable) -> None:
        """End a turn of *key*."""
        found = self._keys[key]
        found.turns.release()
        self._leave(key, found)

    def _leave(self, key: Hashable, found: _Key) -> None:
        found.users -= 1
        if not found.users:
            del self._keys[key]

    def __len__(self) -> int:
        """Return how many keys are remembered."""
        return len(self._keys)
