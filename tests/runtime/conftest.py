"""Fixtures of the runtime's tests."""

from collections.abc import AsyncIterator

import pytest

from stepward.runtime import http


@pytest.fixture
async def client() -> AsyncIterator[http.Client]:
    """An HTTP client, closed at the end."""
    made = http.Client()
    yield made
    await made.close()
