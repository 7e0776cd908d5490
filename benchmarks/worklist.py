"""`python -m benchmarks.worklist`: how soon the worklist of a large clinic group answers and shows.

A real stack whose record is filled with 100,000 journeys and 20,000 open approvals. Printed: how
long the record takes for a page and for the counts of every preset, and, in the machine's own
Chromium, the first contentful paint and what is transferred.
"""

import argparse
import asyncio
import os
import shutil
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from statistics import median, quantiles
from typing import TYPE_CHECKING

from benchmarks.worklist_data import JOURNEYS, OPEN, PAST, fill
from records.pool import create_pool
from schemas.base import Role
from service.protocols import load_catalogue
from service.training_issuer import TrainingIssuer
from service.worklist import Worklist
from service.worklist_rows import Asker, Filters, Preset
from simulator.stack import Stack, running_stack

if TYPE_CHECKING:
    from playwright.async_api import BrowserContext

TARGET_MS, TARGET_PAINT_MS, TARGET_BYTES = 50, 1_000, 150_000
ASKERS = (
    Asker("person-7", frozenset({Role.CARE_COORDINATOR}), frozenset({"north"})),
    Asker("person-8", frozenset({Role.PSYCHIATRIST}), frozenset({"north"})),
    Asker("person-9", frozenset({Role.MEDICAL_DIRECTOR}), None),
)
LOOKS = 5
CHROMIUMS = ("chromium-headless-shell", "chromium", "google-chrome")
PAINT = "performance.getEntriesByName('first-contentful-paint')"


async def measure(stack: Stack, rounds: int) -> list[str]:
    """Every figure, a line each."""
    settings = stack.settings
    now = datetime.fromtimestamp(time.time(), UTC)
    pool = await create_pool(settings.database_url, max_size=2, plan_each=True)
    try:
        await fill(pool, now)
        catalogue = load_catalogue(settings.protocols_dir, settings.clinics_dir, now.date())
        desk = Worklist(pool, catalogue)
        return [*await _record(desk, rounds), *await _browser(stack)]
    finally:
        await pool.close()


async def _record(desk: Worklist, rounds: int) -> list[str]:
    pages: dict[str, list[float]] = {preset.value: [] for preset in Preset}
    counts: list[float] = []
    for _ in range(rounds):
        for asker in ASKERS:
            for preset in Preset:
                began = time.perf_counter()
                await desk.page(asker, Filters(preset=preset))
                pages[preset.value].append(time.perf_counter() - began)
            began = time.perf_counter()
            await desk.counts(asker)
            counts.append(time.perf_counter() - began)
    every = [seconds for took in pages.values() for seconds in took]
    lines = [f"  {name:<24}{_p95(took):6.1f} ms" for name, took in pages.items()]
    return [
        f"journeys, open, past      {JOURNEYS:,}, {OPEN:,}, {PAST:,}",
        f"a page, p95               {_p95(every):.1f} ms (target {TARGET_MS})",
        *lines,
        f"all counts, p95           {_p95(counts):.1f} ms",
    ]


async def _browser(stack: Stack) -> list[str]:
    chromium = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    try:
        from playwright.async_api import async_playwright
    except ImportError:
        chromium = None
    if chromium is None:
        return ["in a browser              no Chromium on this machine"]
    token = TrainingIssuer.open(stack.settings).mint("person-7", (Role.CARE_COORDINATOR,), ("*",))
    console = stack.addresses["console"]
    async with async_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu"]
        browser = await playwright.chromium.launch(executable_path=chromium, args=flags)
        context = await browser.new_context()
        await context.add_cookies([{"name": "journey-visit", "value": token, "url": console}])
        looks = [await _look(context, f"{console}/worklist") for _ in range(LOOKS)]
        await browser.close()
    paints = [paint for paint, _ in looks]
    sent = max(sent for _, sent in looks)
    took = f"{median(paints):.0f} ms, the slowest of {LOOKS} {max(paints):.0f} ms"
    return [
        f"first contentful paint    {took} (target {TARGET_PAINT_MS})",
        f"transferred               {sent / 1000:.0f} KB (target {TARGET_BYTES / 1000:.0f})",
    ]


async def _look(context: "BrowserContext", address: str) -> tuple[float, float]:
    """One visit with nothing kept from before: first contentful paint in ms, bytes transferred."""
    page = await context.new_page()
    protocol = await context.new_cdp_session(page)
    await protocol.send("Network.enable")
    await protocol.send("Network.setCacheDisabled", {"cacheDisabled": True})
    took: list[float] = []
    protocol.on("Network.loadingFinished", lambda told: took.append(told["encodedDataLength"]))
    await page.goto(address)
    await page.wait_for_selector("[data-live]")
    await page.wait_for_function(f"{PAINT}.length")
    paint: float = await page.evaluate(f"{PAINT}[0].startTime")
    await page.close()
    return paint, sum(took)


def _p95(took: list[float]) -> float:
    return quantiles(took, n=100)[94] * 1000


def main(words: Sequence[str] | None = None) -> int:
    """Measure and print; a target that is missed is said in the figures, not by the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.worklist", description=__doc__)
    parser.add_argument("--rounds", type=int, default=20, help="how often each is asked")
    options = parser.parse_args(words)
    with running_stack() as stack:
        lines = asyncio.run(stack.serving(measure(stack, options.rounds)))
    print("\n".join(lines))
    return 0


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)
