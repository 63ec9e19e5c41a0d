"""Fixtures of the runtime's tests."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping

import pytest
import uvloop

from stepward.runtime import http


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Run every test on the loop of the local runner and on the operator's."""
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest.fixture
async def client() -> AsyncIterator[http.Client]:
    """An HTTP client, closed at the end."""
    made = http.Client()
    yield made
    await made.close()
