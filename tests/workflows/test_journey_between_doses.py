"""Between two treatment days: early review, caps, gaps, checks that are due, consent again.

Clinical fact sheet, sections 3, 5.5, 7.1 and 7.4.
"""

from datetime import timedelta

import pytest

from schemas.approval import EntryKind
from schemas.base import Role
from schemas.consent import Consent
from schemas.journey import Phase, Series
from schemas.preparation import PrepareSession
from schemas.reevaluation import Course
from schemas.screening import Modality
from tests.workflows.conftest import Clinical
from tests.workflows.days import asked, given
from tests.workflows.doors import Refused
from tests.workflows.places import by, cleared, dosed, now, scored, signed, treated
from tests.workflows.test_hold_and_withdrawal import ask_back, hold


def _consented(days_ago: float) -> dict[Modality, Consent]:
    """A consent of some days ago, that its own date still keeps in force."""
    consent = signed()[Modality.IV_KETAMINE]
    at = now() - timedelta(days=days_ago)
    return {
        Modality.IV_KETAMINE: consent.model_copy(
            update={"signed_at": at, "valid_until": at + timedelta(days=365)}
        )
    }


# -- early review -------------------------------------------------------------------------------


async def test_after_three_infusions_without_effect_a_psychiatrist_says_whether_to_go_on(
    journeys: Clinical,
) -> None:
    staff = await journeys.refer(**cleared())
    for number in (1, 2, 3):
        await given(staff)
        if number == 2:
            await staff.score(18)

    task = await asked(journeys, staff, "course_review")
    assert task.slots == (Role.PSYCHIATRIST,)
    assert task.evidence["level"] == "non_response"
    assert task.evidence["titrate"] == "the dose may rise"
    view = await staff.door.journey(staff.journey_id)
    assert view.open_session is None, "no fourth infusion while the question is open"
    await staff.approve("course_review")

    await staff.wait(lambda v: v.open_session is not None)
    assert (await journeys.fact(staff, "EarlyReviewed")).data["goes_on"] is True


async def test_an_early_review_that_says_no_leads_to_the_reevaluation(journeys: Clinical) -> None:
    staff = await journeys.refer(**cleared())
    for _ in range(3):
        await given(staff)
    task = await asked(journeys, staff, "course_review")
    assert task.evidence["level"] == "undefined", "no scale was taken since the first dose"

    await staff.decline("course_review")

    view = await staff.reach(Phase.REEVALUATION)
    assert len(view.sessions) == 3
    assert (await journeys.fact(staff, "EarlyReviewed")).data["goes_on"] is False


async def test_who_improves_by_the_third_infusion_is_not_held_up(journeys: Clinical) -> None:
    staff = await journeys.refer(**cleared())
    for number in (1, 2, 3):
        await given(staff)
        if number == 2:
            await staff.score(11)

    view = await staff.wait(lambda v: v.open_session is not None)
    assert all(a.kind != "course_review" for a in view.pending_approvals)
    early = await journeys.fact(staff, "EarlyReviewed")
    assert (early.data["level"], early.data["reviewed"]) == ("partial", False)


async def test_an_early_review_is_asked_again_after_a_hold(journeys: Clinical) -> None:
    staff = await journeys.refer(**cleared())
    for _ in range(3):
        await given(staff)
    await staff.pending("course_review")

    await hold(staff)
    await staff.reach(Phase.ON_HOLD)
    await ask_back(staff)
    await staff.approve("resume_from_hold")

    await staff.reach(Phase.INFUSION_SERIES)
    await staff.approve("course_review")
    await staff.wait(lambda v: v.open_session is not None)


# -- caps and gaps ------------------------------------------------------------------------------


async def test_eighteen_infusions_in_a_year_are_reviewed_once_before_the_next(
    journeys: Clinical,
) -> None:
    days = [dosed(n, 14 * (19 - n)) for n in range(1, 19)]
    staff = await journeys.refer(**treated(Phase.MAINTENANCE, sessions=days))

    task = await asked(journeys, staff, "course_review")
    assert "year_review" in task.evidence
    await staff.approve("course_review")
    await given(staff)

    view = await staff.wait(lambda v: v.open_session is not None)
    assert len(view.sessions) == 19


async def test_twenty_four_infusions_in_a_year_are_the_medical_directors_question(
    journeys: Clinical,
) -> None:
    days = [dosed(n, 14 * (25 - n)) for n in range(1, 25)]
    staff = await journeys.refer(**treated(Phase.MAINTENANCE, sessions=days))

    task = await asked(journeys, staff, "course_review")
    assert task.slots == (Role.MEDICAL_DIRECTOR,)
    await staff.decline("course_review")

    await staff.reach(Phase.REEVALUATION)


async def test_infusions_of_earlier_years_do_not_count_towards_the_cap(journeys: Clinical) -> None:
    days = [dosed(n, 380 + 14 * (25 - n)) for n in range(1, 24)] + [dosed(24, 10)]
    staff = await journeys.refer(**treated(Phase.MAINTENANCE, sessions=days))

    view = await staff.wait(lambda v: v.open_session is not None)

    assert all(a.kind != "course_review" for a in view.pending_approvals)


async def test_a_gap_of_more_than_two_intervals_is_assessed_before_the_next_dose(
    journeys: Clinical,
) -> None:
    staff = await journeys.refer(
        **treated(Phase.MAINTENANCE, sessions=[dosed(n, 80 - n) for n in range(1, 7)])
    )

    task = await asked(journeys, staff, "course_review")
    assert "reassess" in task.evidence
    await staff.approve("course_review")

    await staff.wait(lambda v: v.open_session is not None)
    asked_for = await asked(journeys, staff, "monitoring_due")
    assert "refresh_checks" in asked_for.evidence


# -- checks -------------------------------------------------------------------------------------


async def test_checks_due_in_maintenance_are_asked_of_each_role_and_hold_nothing_up(
    journeys: Clinical,
) -> None:
    changes = treated(
        Phase.MAINTENANCE,
        sessions=[dosed(n, 110 - n) for n in range(1, 7)] + [dosed(7, 20)],
    )
    old = changes["screening"].work_up
    changes["screening"] = changes["screening"].model_copy(
        update={
            "work_up": tuple(
                r.model_copy(update={"taken_at": now() - timedelta(days=120)}) for r in old
            )
        }
    )
    staff = await journeys.refer(**changes)

    view = await staff.wait(lambda v: v.open_session is not None)

    due = [a for a in view.pending_approvals if a.kind == "monitoring_due"]
    assert {a.roles for a in due} == {(Role.NURSE,), (Role.PRESCRIBER,), (Role.PSYCHIATRIST,)}
    tasks = [f.data for f in await journeys.facts(staff) if f.kind == "TaskOpened"]
    nurse = next(t for t in tasks if t["slots"] == ["nurse"] and t["kind"] == "monitoring_due")
    assert isinstance(nurse["evidence"], dict)
    assert {"luts", "ua"} <= nurse["evidence"].keys()
    assert "lft" not in nurse["evidence"], "liver tests are due every six months"


async def test_a_check_that_was_done_is_not_asked_for_again_and_one_declined_is(
    journeys: Clinical,
) -> None:
    days = [dosed(n, 110 - n) for n in range(1, 7)] + [dosed(7, 20)]
    staff = await journeys.refer(
        **treated(Phase.MAINTENANCE, sessions=days, course=Course.MAINTENANCE)
    )
    view = await staff.wait(lambda v: v.open_session is not None)
    mine = {a.roles[0]: a for a in view.pending_approvals if a.kind == "monitoring_due"}
    assert set(mine) == {Role.NURSE, Role.PSYCHIATRIST}, "the misuse screen and the review"
    await staff.approve("monitoring_due")
    await staff.decline("monitoring_due")

    view = await given(staff)
    view = await staff.wait(lambda v: v.open_session is not None)

    again = [a.roles[0] for a in view.pending_approvals if a.kind == "monitoring_due"]
    assert len(again) == 1


# -- consent ------------------------------------------------------------------------------------


async def test_consent_older_than_six_months_is_asked_for_again_in_maintenance(
    journeys: Clinical,
) -> None:
    since = now() - timedelta(days=300)
    staff = await journeys.refer(
        **treated(Phase.MAINTENANCE, consents=_consented(170), maintenance_since=since)
    )

    await staff.asked_for("sign_consent")
    expired = await journeys.fact(staff, "ConsentExpired")
    assert expired.data["reasons"] == ["consent_renewal"]
    await staff.sign()

    await staff.wait(lambda v: v.open_session is not None)


async def test_a_treatment_lapsed_for_three_months_needs_a_new_consent(journeys: Clinical) -> None:
    days = [dosed(n, 110 - n) for n in range(1, 7)]
    staff = await journeys.refer(
        **treated(Phase.MAINTENANCE, sessions=days, consents=_consented(120))
    )
    await staff.approve("course_review")

    await staff.asked_for("sign_consent")

    opened = [f.data for f in await journeys.facts(staff) if f.kind == "TaskOpened"]
    entry = next(t for t in opened if t["kind"] == EntryKind.SIGN_CONSENT.value)
    assert isinstance(entry["evidence"], dict)
    assert "consent_lapse" in entry["evidence"]
    await staff.sign()
    await staff.wait(lambda v: v.open_session is not None)


async def test_boosters_after_a_relapse_are_not_stopped_by_the_cap_of_the_series(
    journeys: Clinical,
) -> None:
    staff = await journeys.refer(
        **treated(
            Phase.REEVALUATION,
            infusions=9,
            course=Course.TAPER,
            relapse_found=True,
            series=Series(course="taper", modality=Modality.IV_KETAMINE),
            scores=[scored(19, 40), scored(17, 6), scored(17, 0)],
        )
    )

    await staff.approve("reevaluation_decision", "extend")

    view = await staff.wait(lambda v: v.open_session is not None)
    assert view.phase is Phase.INFUSION_SERIES


async def test_nothing_is_arranged_for_a_day_that_is_not_the_booked_one(journeys: Clinical) -> None:
    unbooked = await journeys.refer()
    booked = await journeys.refer(**cleared())
    await booked.wait(lambda v: v.open_session is not None)

    def arranges(session_id: str | None) -> PrepareSession:
        said = by(Role.CARE_COORDINATOR, f"arranges-{session_id}")
        return PrepareSession(**said, session_id=session_id, escort_confirmed=True)

    for staff, session_id, code in (
        (unbooked, None, "no_session_booked"),
        (booked, "the-day-before", "another_session"),
    ):
        with pytest.raises(Refused) as refused:
            await staff.give("prepare_session", arranges(session_id))
        assert refused.value.codes == [code]
