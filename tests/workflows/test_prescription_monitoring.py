"""The prescription monitoring programme is queried before a dose: known of the journey, told ahead
of the day, or told at the chair."""

from datetime import timedelta

import pytest

from schemas.base import Role
from schemas.infusion import SessionPhase
from schemas.journey import Phase
from schemas.preparation import PrepareSession
from tests.workflows.bare_chair import BareChair
from tests.workflows.bare_day import TEN
from tests.workflows.conftest import Clinical
from tests.workflows.days import close_day
from tests.workflows.doors import Refused
from tests.workflows.places import by, cleared, now, treated

AN_HOUR = timedelta(hours=1)


def test_a_first_dose_waits_for_a_query_that_nobody_has_made() -> None:
    chair = BareChair(pdmp_queried_at=None)

    assert chair.prepare() == ["pdmp_query_missing"]
    assert chair.waits() == {"pdmp_query_missing": Role.PRESCRIBER}


def test_a_query_from_before_the_weekend_and_the_friday_is_too_old_for_a_first_dose() -> None:
    assert BareChair(pdmp_queried_at=TEN - 96 * AN_HOUR).prepare() == ["pdmp_query_outdated"]


def test_a_query_told_at_check_in_or_later_by_a_delegate_is_one() -> None:
    at_once = BareChair(pdmp_queried_at=None)
    assert at_once.prepare(pdmp_queried_at=TEN - AN_HOUR) == []

    later = BareChair(pdmp_queried_at=None)
    later.prepare()
    assert later.give("supply_missing", pdmp_queried_at=TEN).phase is SessionPhase.READY
    assert later.day.state.result().pdmp_queried_at == TEN


def test_a_query_of_tomorrow_is_refused_at_the_chair() -> None:
    tomorrow = TEN + 24 * AN_HOUR
    chair = BareChair(pdmp_queried_at=None)

    assert chair.refused("check_in", pdmp_queried_at=tomorrow) == ("query_ahead",)
    chair.prepare()
    assert chair.refused("supply_missing", pdmp_queried_at=tomorrow) == ("query_ahead",)


async def test_a_later_dose_asks_ahead_for_a_query_where_none_is_ninety_days_old(
    journeys: Clinical,
) -> None:
    state = treated(Phase.MAINTENANCE)
    old = state["screening"].work_up
    state["screening"] = state["screening"].model_copy(
        update={"work_up": tuple(r for r in old if r.kind != "pdmp")}
    )
    staff = await journeys.refer(**state)
    view = await staff.wait(lambda v: any("monitoring" in e.title for e in v.pending_entries))

    (task,) = [e for e in view.pending_entries if e.kind == "prepare_session"]
    assert task.roles == (Role.PRESCRIBER,)
    said = PrepareSession(**by(Role.NURSE, "queried"), pdmp_queried_at=view.now)
    in_two_days = {"command_id": "ahead", "pdmp_queried_at": view.now + 48 * AN_HOUR}
    with pytest.raises(Refused, match="query_ahead"):
        await staff.give("prepare_session", said.model_copy(update=in_two_days))
    await staff.give("prepare_session", said)
    await staff.wait(lambda v: not any(e.kind == "prepare_session" for e in v.pending_entries))


async def test_what_was_told_at_the_chair_counts_for_the_next_dose(journeys: Clinical) -> None:
    state = cleared()
    state["screening"] = state["screening"].model_copy(
        update={"work_up": tuple(r for r in state["screening"].work_up if r.kind != "pdmp")}
    )
    staff = await journeys.refer(**state)
    told = {"pdmp_queried_at": now().isoformat()}

    await close_day(journeys, staff, phase="DISCHARGED", outcome="completed", **told)

    view = await staff.wait(lambda v: v.open_session is not None)
    assert not any("monitoring" in e.title for e in view.pending_entries)
