"""The health port."""

import aiohttp

from stepward.telemetry.probes import Probes


async def get(port: int, path: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}{path}") as answer:
        return answer.status, await answer.text()


async def test_health_readiness_and_metrics() -> None:
    missing = ["the first list is not done"]
    probes = Probes(lambda: missing)
    port = await probes.start("127.0.0.1", 0)
    try:
        assert await get(port, "/healthz") == (200, "ok\n")
        assert await get(port, "/readyz") == (503, "not ready: the first list is not done\n")
        missing.clear()
        assert await get(port, "/readyz") == (200, "ok\n")
        status, text = await get(port, "/metrics")
        assert status == 200
        assert "# HELP stepward_watch_up 1 while every watch" in text
        assert (await get(port, "/"))[0] == 404
    finally:
        await probes.stop()
