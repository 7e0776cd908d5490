"""The reevaluation: what the table proposes rests on everything known; a person decides.

Clinical fact sheet, section 7.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from clinical.parameters import Parameters
from clinical.standard_protocol import standard_protocol
from schemas.approval import Task
from schemas.base import Role
from schemas.journal import WriteJournal
from schemas.journey import Phase
from schemas.reevaluation import (
    Course,
    CourseFindings,
    Instrument,
    RecordScores,
    Score,
    Tolerability,
)
from simulator import papers
from simulator.staff import Staff
from tests.workflows.conftest import Clinical, a_journey
from tests.workflows.days import asked, close_day, given
from tests.workflows.places import by, cleared, dosed, scored, treated
from workflows.sessions import improvement_percent

DECISION = "reevaluation_decision"
QIDS = Instrument.QIDS_SR16


async def _visit(staff: Staff, phq9: int, key: str = "visit", **found: Any) -> None:
    """Scores and what the visit found beside them."""
    at = (await staff.door.journey(staff.journey_id)).now
    await staff.give(
        "record_scores",
        RecordScores(
            **by(Role.NURSE, key),
            assessments=(papers.phq9(phq9, at),),
            findings=CourseFindings(**found),
        ),
    )


async def _offered(journeys: Clinical, staff: Staff, row: str) -> Task:
    """The decision as it is asked for once this row has fired."""
    for _ in range(2000):
        task = await asked(journeys, staff, DECISION)
        if task.evidence["row"] == row:
            return task
        await staff.door.settle()
    raise AssertionError(f"row {task.evidence['row']} fired, not {row}")


async def test_a_departure_from_the_proposal_is_on_record_with_its_reason(
    journeys: Clinical,
) -> None:
    staff = await journeys.refer(**treated())
    await staff.score(4)
    task = await asked(journeys, staff, DECISION)
    assert task.evidence["proposal"] == "taper"

    await staff.approve(DECISION, "maintenance")

    await staff.reach(Phase.MAINTENANCE)
    decided = await journeys.fact(staff, "CourseDecided")
    assert decided.data["departs"] is True
    assert (decided.data["proposed"], decided.data["course"]) == ("taper", "maintenance")
    assert decided.data["reason"] == "seen and considered"
    assert decided.data["packet"] == task.evidence["packet"]


async def test_a_scale_that_was_not_taken_again_says_nothing_of_what_treatment_did(
    journeys: Clinical,
) -> None:
    """PHQ-9 20 and QIDS 18 before treatment, the QIDS alone at every session since."""
    before = [scored(20, 30), scored(18, 30, QIDS)]
    scores = [*before, scored(9, 5, QIDS), scored(4, 0, QIDS)]
    staff = await journeys.refer(**treated(baseline=before, scores=scores))

    task = await asked(journeys, staff, DECISION)

    assert (task.evidence["row"], task.evidence["proposal"]) == ("1", "taper")


async def test_who_was_given_nothing_yet_is_proposed_the_series_and_not_its_end(
    journeys: Clinical,
) -> None:
    staff = await journeys.refer(**treated(sessions=[]))
    await staff.score(19)

    task = await asked(journeys, staff, DECISION)

    assert (task.evidence["row"], task.evidence["proposal"]) == ("18", "extend")


def test_a_dose_rises_on_the_scale_that_was_taken_under_treatment() -> None:
    """QIDS 18 to 6 is two thirds better, whatever the PHQ-9 was before the first dose."""
    before = [scored(20, 30), scored(18, 30, QIDS)]
    state = a_journey(
        "journey-marchbanks", **treated(baseline=before, scores=[*before, scored(6, 1, QIDS)])
    )
    untold = state.model_copy(update={"scores": before})

    assert improvement_percent(state, Parameters.default()) == pytest.approx(66.7)
    assert improvement_percent(untold, Parameters.default()) is None


async def test_the_decision_after_the_series_is_owed_within_a_week_of_its_last_infusion(
    journeys: Clinical,
) -> None:
    """Section 7.1; the days until the scores came are of that week."""
    infusions = [dosed(n, 20 - 3 * n) for n in range(1, 7)]
    staff = await journeys.refer(**treated(sessions=infusions))
    await staff.score(4)

    task = await asked(journeys, staff, DECISION)

    last = infusions[-1].dosed_at
    assert last is not None
    assert task.due_at == last + timedelta(days=7)


async def test_a_week_that_has_passed_leaves_the_decision_its_usual_time(
    journeys: Clinical,
) -> None:
    infusions = [dosed(n, 40 - 3 * n) for n in range(1, 7)]
    staff = await journeys.refer(**treated(sessions=infusions))
    await staff.score(4)

    task = await asked(journeys, staff, DECISION)

    assert task.due_at == task.requested_at + timedelta(days=7)


async def test_following_the_proposal_is_no_departure(journeys: Clinical) -> None:
    staff = await journeys.refer(**treated())
    await staff.score(4)
    await staff.approve(DECISION, "taper")

    await staff.reach(Phase.TAPER)

    assert (await journeys.fact(staff, "CourseDecided")).data["departs"] is False


async def test_new_scores_while_the_decision_waits_make_a_new_proposal(journeys: Clinical) -> None:
    staff = await journeys.refer(**treated())
    await staff.score(4)
    first = await _offered(journeys, staff, "1")

    await staff.score(18)

    second = await _offered(journeys, staff, "5")
    assert second.evidence["packet"] != first.evidence["packet"]
    assert "taper" not in second.options
    proposed = [f for f in await journeys.facts(staff) if f.kind == "CourseProposed"]
    assert [f.data["row"] for f in proposed] == [1, 5]


async def test_imminent_risk_found_at_the_visit_leaves_only_the_hospital(
    journeys: Clinical,
) -> None:
    staff = await journeys.refer(**treated())

    await _visit(staff, 4, emergencies=("imminent_risk",))

    task = await _offered(journeys, staff, "11")
    assert task.options == ("discontinue",)
    assert "imminent_risk" in task.evidence["found"]


async def test_cystitis_found_at_the_visit_stops_the_treatment(journeys: Clinical) -> None:
    staff = await journeys.refer(**treated())

    await _visit(staff, 4, safety_events=("cystitis",))

    assert (await _offered(journeys, staff, "10")).options == ("discontinue",)


async def test_a_responder_who_wants_care_nearer_home_is_proposed_the_spray(
    journeys: Clinical,
) -> None:
    staff = await journeys.refer(**treated())

    await _visit(staff, 7, prefers_spray=True)

    assert (await _offered(journeys, staff, "7")).evidence["proposal"] == "switch"


async def test_infusions_that_were_badly_borne_speak_for_the_spray(journeys: Clinical) -> None:
    days = [dosed(n, 30 - 3 * n, pauses=1 if n > 4 else 0) for n in range(1, 7)]
    staff = await journeys.refer(**treated(sessions=days))

    await staff.score(7)

    task = await _offered(journeys, staff, "6")
    assert task.evidence["tolerability"] == Tolerability.POOR_IV.value
    assert task.evidence["borne"] == "infusion_badly_borne"


async def test_what_the_visit_found_goes_before_what_the_days_showed(journeys: Clinical) -> None:
    days = [dosed(n, 30 - 3 * n, pauses=1 if n > 4 else 0) for n in range(1, 7)]
    staff = await journeys.refer(**treated(sessions=days))

    await _visit(staff, 4, tolerability=Tolerability.GOOD)

    assert (await asked(journeys, staff, DECISION)).evidence["row"] == "1"


async def test_no_course_is_decided_over_a_high_risk_nobody_has_looked_into(
    journeys: Clinical,
) -> None:
    staff = await journeys.refer(**treated())
    await staff.score(4)
    assert "taper" in (await _offered(journeys, staff, "1")).options

    await staff.give("write_journal", WriteJournal(**by(Role.PATIENT, "n"), suicidal_thoughts=3))
    assert (await _offered(journeys, staff, "13")).options == ("discontinue",)
    await staff.approve("suicide_risk_review")

    assert "taper" in (await _offered(journeys, staff, "1")).options


async def test_two_scales_missing_hold_the_decision_until_they_are_taken(
    journeys: Clinical,
) -> None:
    before = [
        scored(19, 30),
        scored(17, 30).model_copy(update={"instrument": Instrument.QIDS_SR16}),
        scored(30, 30).model_copy(update={"instrument": Instrument.MADRS}),
    ]
    staff = await journeys.refer(**treated(baseline=before, scores=before))

    await staff.score(4)

    task = await _offered(journeys, staff, "12")
    assert task.options == ("discontinue",)
    assert task.evidence["assessments_missing"] == "2"


async def test_a_relapse_during_the_taper_gets_boosters_and_then_an_earlier_step(
    skipping: Clinical,
) -> None:
    """Ten infusions so far: boosters are not of the acute series, which ends at eight."""
    protocol = standard_protocol()
    steps = {**protocol.parameters, "taper.steps": ("7x1", "14x2", "28x2")}
    staff = await skipping.refer(
        **treated(
            Phase.TAPER,
            infusions=8,
            course=Course.TAPER,
            protocol=protocol.model_copy(update={"parameters": steps}),
        )
    )
    await given(staff)
    await staff.score(16)
    await skipping.jump(staff, timedelta(days=6))
    await staff.score(17)
    view = await given(staff)
    await staff.reach(Phase.REEVALUATION)
    await staff.score(17)
    task = await _offered(skipping, staff, "8")
    assert "extend" in task.options

    await staff.approve(DECISION, "extend")
    for _ in range(2):
        view = await given(staff)
    await staff.reach(Phase.REEVALUATION)
    await staff.score(6)
    await staff.approve(DECISION, "taper")

    again = await staff.wait(lambda v: v.phase is Phase.TAPER and v.open_session is not None)
    last = view.sessions[-1].dosed_at
    assert last is not None
    assert again.next_session_at is not None
    assert timedelta(days=6) < again.next_session_at - last < timedelta(days=9), "step one again"


async def test_a_hospital_admission_is_a_relapse_whatever_the_scores_say(
    journeys: Clinical,
) -> None:
    staff = await journeys.refer(**treated(Phase.MAINTENANCE, course=Course.MAINTENANCE))
    await staff.wait(lambda v: v.open_session is not None)

    await _visit(staff, 4, hospitalised_or_attempt=True)
    await given(staff)

    await staff.reach(Phase.REEVALUATION)
    await staff.score(6)
    await _offered(journeys, staff, "8")


async def test_what_treatment_is_compared_with_is_the_last_score_before_the_first_dose(
    journeys: Clinical,
) -> None:
    staff = await journeys.refer(**cleared())
    view = await staff.wait(lambda v: v.open_session is not None)
    assert totals(view.baseline) == {Instrument.PHQ9: 19}

    for total in (23, 12):
        asked_today = scored(total).model_copy(update={"taken_at": view.now})
        await close_day(journeys, staff, scores=[asked_today.model_dump(mode="json")])
        view = await staff.wait(lambda v: v.open_session is not None)
        assert totals(view.baseline) == {Instrument.PHQ9: 23}


async def test_a_first_day_on_which_nothing_was_given_leaves_the_baseline_open(
    journeys: Clinical,
) -> None:
    staff = await journeys.refer(**cleared())
    view = await staff.wait(lambda v: v.open_session is not None)
    sent_home = {"phase": "ABORTED", "outcome": "none"}
    first, second = (
        scored(total).model_copy(update={"taken_at": view.now}).model_dump(mode="json")
        for total in (23, 21)
    )

    await close_day(journeys, staff, scores=[first], **sent_home)
    await staff.wait(lambda v: v.open_session is not None)
    await close_day(journeys, staff, scores=[second])

    view = await staff.wait(lambda v: len(v.sessions) == 2)
    assert totals(view.baseline) == {Instrument.PHQ9: 21}


def totals(scores: Sequence[Score]) -> dict[Instrument, float]:
    return {score.instrument: score.total for score in scores}
