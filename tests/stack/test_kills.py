"""`kill -9` of any one part in the middle of the story delays it and changes nothing on record."""

import asyncio
from collections import Counter
from itertools import zip_longest
from typing import Any

import pytest

from schemas.base import SYSTEM
from simulator.stack import running_stack
from tests.stack.conftest import SideBySide
from tests.stack.kept_demo import Undisturbed
from tests.stack.retelling import KILLS, Kill, Retelling, deliveries, facts_in_order, retell

pytestmark = [
    pytest.mark.stack,
    pytest.mark.slow,
    pytest.mark.timeout(400),
    pytest.mark.xdist_group("story"),
]


def test_parts_killed_one_after_another_change_nothing_on_record(
    side_by_side: SideBySide,
) -> None:
    assert _changed(side_by_side.killed, side_by_side.undisturbed.told) == []


@pytest.mark.each_kill
@pytest.mark.parametrize("kill", KILLS, ids=str)
def test_one_part_killed_changes_nothing_on_record(undisturbed: Undisturbed, kill: Kill) -> None:
    with running_stack() as stack:
        told = asyncio.run(retell(stack, [kill]))

    assert _changed(told, undisturbed.told) == []


def _changed(told: Retelling, undisturbed: Retelling) -> list[str]:
    """What is not as it was: a fact, their order, a delivery, a check of the demonstration. What
    a kill delayed is printed and is no change."""
    for cost in told.delays():
        print(cost)
    return [
        *told.findings.problems,
        *undisturbed.findings.problems,
        *_differences(told, undisturbed),
        *_first_out_of_order(told, undisturbed),
        *_deliveries_that_differ(told, undisturbed),
    ]


def _deliveries_that_differ(told: Retelling, undisturbed: Retelling) -> list[str]:
    ours, theirs = deliveries(told), deliveries(undisturbed)
    found = [f"+ {row}" for row in ours if row not in theirs]
    found += [f"- {row}" for row in theirs if row not in ours]
    return found or ([] if ours == theirs else ["deliveries come in another order or number"])


def _differences(told: Retelling, undisturbed: Retelling) -> list[str]:
    """Facts that stand in only one of the two, by workflow and kind: short enough to read."""
    ours, theirs = (
        Counter(
            (workflow, str(fact))
            for workflow, facts in facts_in_order(one).items()
            for fact in facts
        )
        for one in (told, undisturbed)
    )
    return [
        f"{sign} {workflow} {fact[:300]}"
        for sign, more, less in (("+", ours, theirs), ("-", theirs, ours))
        for workflow, fact in (more - less)
    ]


def _first_out_of_order(told: Retelling, undisturbed: Retelling) -> list[str]:
    """The first places where people's own facts of a workflow, or the facts of one task, come in
    another order. What the engine adds beside may fall between two of them a moment earlier."""
    ours, theirs = _threads(told), _threads(undisturbed)
    return [
        f"{thread} {place}: {str(one)[:200]} instead of {str(other)[:200]}"
        for thread in dict.fromkeys([*ours, *theirs])
        for place, (one, other) in enumerate(
            zip_longest(ours.get(thread, ()), theirs.get(thread, ()))
        )
        if one != other
    ][:2]


def _threads(told: Retelling) -> dict[tuple[str, str], list[tuple[Any, ...]]]:
    threads: dict[tuple[str, str], list[tuple[Any, ...]]] = {}
    for workflow, facts in facts_in_order(told).items():
        for fact in facts:
            _, actor, data = fact
            if actor != SYSTEM.id:
                threads.setdefault((workflow, "people"), []).append(fact)
            if task := data.get("task_id"):
                threads.setdefault((workflow, task), []).append(fact)
    return threads
