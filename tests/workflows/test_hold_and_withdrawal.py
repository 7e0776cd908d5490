"""Holds, withdrawal and closing: they pre-empt everything and forget nothing owed to safety."""

from datetime import date, timedelta
from typing import Any

import pytest
from temporalio.testing import WorkflowEnvironment

from clinical.standard_protocol import standard_protocol
from schemas.approval import Choice
from schemas.base import Actor, Command, Role
from schemas.consent import WithdrawConsent
from schemas.journal import WriteJournal
from schemas.journey import CloseJourney, Event, Hold, HoldJourney, Phase, ResumeJourney
from schemas.protocol import ExpiryOutcome
from schemas.screening import ScreeningDecision, ScreeningOutcome
from simulator.papers import STAFF
from simulator.staff import Staff
from tests.workflows.conftest import Clinical, serving
from tests.workflows.doors import Refused
from tests.workflows.outside import Outside
from tests.workflows.places import by, cleared, now, treated

SCREENED = ScreeningDecision(outcome=ScreeningOutcome.CLEARED)
PLACES: dict[str, dict[str, Any]] = {
    "REFERRAL": {},
    "PSYCH_EVAL": {"phase": Phase.PSYCH_EVAL},
    "CONSENT": cleared(Phase.CONSENT, consents={}),
    "SCHEDULED": cleared(Phase.SCHEDULED, cleared=False),
    "INFUSION_SERIES": cleared(),
    "REEVALUATION": treated(),
    "MAINTENANCE": treated(Phase.MAINTENANCE),
    "SWITCH_ESKETAMINE": treated(Phase.SWITCH_ESKETAMINE),
    "DISCONTINUE_REFER": treated(Phase.DISCONTINUE_REFER),
    "FOLLOW_UP": treated(Phase.FOLLOW_UP),
}


async def hold(staff: Staff, key: str = "hold", *, days: int = 7, **changes: Any) -> None:
    on = (await staff.door.journey(staff.journey_id)).now.date() + timedelta(days=days)
    fields: dict[str, Any] = {"reason": "chest pain to be looked into", "review_on": on, **changes}
    await staff.give("hold", HoldJourney(**by(Role.CARE_COORDINATOR, key), **fields))


async def ask_back(staff: Staff, role: Role = Role.CARE_COORDINATOR, key: str = "back") -> None:
    await staff.give("resume", ResumeJourney(**by(role, key), reason="cardiology is content"))


async def _withdraw(staff: Staff) -> None:
    await staff.give(
        "withdraw_consent", WithdrawConsent(**by(Role.PATIENT, "withdraw"), reason="no more")
    )


async def _close(staff: Staff, key: str = "close") -> None:
    await staff.give(
        "close_journey", CloseJourney(**by(Role.CARE_COORDINATOR, key), reason="moves away")
    )


async def _heard(journeys: Clinical, session_id: str) -> list[str]:
    heard: list[str] = await journeys.client.get_workflow_handle(session_id).query("heard_so_far")
    return heard


@pytest.mark.parametrize("place", PLACES)
async def test_a_hold_leads_back_to_where_it_was_entered(journeys: Clinical, place: str) -> None:
    staff = await journeys.refer(**PLACES[place])
    before = await staff.wait(lambda v: v.next_action_at is not None)

    await hold(staff)
    held = await staff.reach(Phase.ON_HOLD)
    assert held.back_to is Phase[place]
    await ask_back(staff)
    await staff.approve("resume_from_hold")

    after = await staff.reach(Phase[place])
    assert after.hold is None
    again = await staff.wait(
        lambda v: (
            {a.kind for a in v.pending_approvals} >= {a.kind for a in before.pending_approvals}
        )
    )
    assert again.phase is Phase[place]
    kinds = await journeys.kinds(staff)
    assert kinds.index("HoldEntered") < kinds.index("HoldLeft")


async def test_who_asks_to_resume_does_not_decide_it(journeys: Clinical) -> None:
    staff = await journeys.refer()
    await hold(staff)
    await staff.reach(Phase.ON_HOLD)
    await ask_back(staff, Role.PSYCHIATRIST)

    with pytest.raises(Refused) as refused:
        await staff.approve("resume_from_hold")

    assert refused.value.codes == ["own_request"]
    other = Actor(id="dr-sorel", role=Role.PSYCHIATRIST)
    await staff.decide(await staff.pending("resume_from_hold"), other, Choice.APPROVE)
    await staff.reach(Phase.REFERRAL)


async def test_a_refused_resume_stays_on_hold_and_may_be_asked_again(journeys: Clinical) -> None:
    staff = await journeys.refer()
    await hold(staff)
    await staff.reach(Phase.ON_HOLD)
    await ask_back(staff)
    with pytest.raises(Refused) as refused:
        await ask_back(staff, key="twice")
    assert refused.value.codes == ["already_asked"]

    await staff.decline("resume_from_hold")

    await staff.wait(lambda v: all(a.kind != "resume_from_hold" for a in v.pending_approvals))
    await ask_back(staff, key="again")
    await staff.approve("resume_from_hold")
    await staff.reach(Phase.REFERRAL)


async def test_only_a_hold_can_be_left(journeys: Clinical) -> None:
    staff = await journeys.refer()

    with pytest.raises(Refused) as refused:
        await ask_back(staff)

    assert refused.value.codes == ["not_on_hold"]


async def test_a_hold_needs_a_review_date_ahead_and_is_entered_once(journeys: Clinical) -> None:
    staff = await journeys.refer()

    with pytest.raises(Refused) as past:
        await hold(staff, "past", days=-1)
    with pytest.raises(Refused) as never:
        await hold(staff, "never", review_on=date.max)
    await hold(staff)
    await staff.reach(Phase.ON_HOLD)
    with pytest.raises(Refused) as twice:
        await hold(staff, "twice")

    assert past.value.codes == ["review_in_past"]
    assert never.value.codes == ["review_too_far"]
    assert twice.value.codes == ["already_on_hold"]


async def test_the_review_of_a_hold_stays_and_asks_again_then_closes(journeys: Clinical) -> None:
    staff = await journeys.refer()
    await hold(staff, owner=Role.PSYCHIATRIST)
    held = await staff.reach(Phase.ON_HOLD)
    assert held.hold is not None

    await staff.door.until(staff.journey_id, held.hold.review_at)
    await staff.approve("hold_review", "stay")
    again = await staff.wait(lambda v: v.hold is not None and v.hold.review_at > v.now)
    assert again.phase is Phase.ON_HOLD
    assert again.hold is not None
    await staff.door.until(staff.journey_id, again.hold.review_at)
    await staff.approve("hold_review", "close")

    kinds = await journeys.ended(staff)
    assert kinds.count("HoldEntered") == kinds.count("HoldLeft") == 1


async def test_a_hold_that_was_asked_for_while_a_run_ended_keeps_its_reason_and_owner(
    journeys: Clinical,
) -> None:
    screened = cleared(Phase.MED_SCREEN, cleared=False, screening_decision=SCREENED)
    asked = Hold(
        reason_code="safety_event",
        reason="chest pain to be looked into",
        owner=Role.PRESCRIBER,
        since=now(),
        review_at=now() + timedelta(days=5),
        back_to=Phase.MED_SCREEN,
        requested_by=STAFF[Role.PSYCHIATRIST],
    )

    staff = await journeys.refer(**screened, hold=asked, pending_interrupt=Event.HELD)

    view = await staff.reach(Phase.ON_HOLD)
    assert view.hold is not None
    assert (view.hold.reason_code, view.hold.owner) == ("safety_event", Role.PRESCRIBER)
    assert "HoldLeft" not in await journeys.kinds(staff)


async def test_an_approval_that_expires_into_a_hold_has_an_owner(journeys: Clinical) -> None:
    protocol = standard_protocol()
    rule = protocol.approvals["referral_triage"].model_copy(
        update={"on_expiry": ExpiryOutcome.HOLD}
    )
    protocol = protocol.model_copy(
        update={"approvals": {**protocol.approvals, "referral_triage": rule}}
    )
    staff = await journeys.refer(protocol=protocol)

    for _ in range(3):
        await journeys.jump(staff, timedelta(days=2))

    held = await staff.reach(Phase.ON_HOLD)
    assert held.hold is not None
    assert (held.hold.reason_code, held.hold.owner) == ("approval_expired", Role.MEDICAL_DIRECTOR)
    await ask_back(staff)
    await staff.approve("resume_from_hold")
    await staff.approve("referral_triage")
    await staff.reach(Phase.PSYCH_EVAL)


async def test_a_hold_reschedules_the_booked_session_and_the_series_goes_on(
    journeys: Clinical,
) -> None:
    staff = await journeys.refer(**cleared())
    booked = await staff.wait(lambda v: v.open_session is not None)

    await hold(staff)

    held = await staff.wait(lambda v: v.phase is Phase.ON_HOLD and v.open_session is None)
    assert [s.phase for s in held.sessions] == ["RESCHEDULED"]
    await ask_back(staff)
    await staff.approve("resume_from_hold")
    again = await staff.wait(lambda v: v.open_session is not None)
    assert again.open_session != booked.open_session


@pytest.mark.parametrize("place", ["SCHEDULED", "INFUSION_SERIES", "REEVALUATION", "MAINTENANCE"])
async def test_withdrawal_pre_empts_every_phase(journeys: Clinical, place: str) -> None:
    staff = await journeys.refer(**PLACES[place])
    await staff.wait(lambda v: v.next_action_at is not None)

    await _withdraw(staff)

    view = await staff.reach(Phase.DISCONTINUE_REFER)
    assert [c.status for c in view.consents.values()] == ["withdrawn"]
    assert [a.kind for a in view.pending_approvals if a.kind == "treatment_clearance"] == []


@pytest.mark.parametrize("place", ["DISCONTINUE_REFER", "FOLLOW_UP"])
async def test_withdrawal_never_shortens_an_ending(journeys: Clinical, place: str) -> None:
    staff = await journeys.refer(**PLACES[place])
    asked = await staff.wait(lambda v: bool(v.pending_approvals))

    await _withdraw(staff)

    view = await staff.wait(lambda v: v.version == 1)
    assert view.phase is Phase[place]
    assert view.pending_approvals == asked.pending_approvals


async def test_withdrawal_on_hold_ends_the_hold(journeys: Clinical) -> None:
    staff = await journeys.refer(**cleared(Phase.SCHEDULED))
    await hold(staff)
    await staff.reach(Phase.ON_HOLD)

    await _withdraw(staff)

    view = await staff.reach(Phase.DISCONTINUE_REFER)
    assert view.hold is None
    assert "HoldLeft" in await journeys.kinds(staff)


async def test_a_hold_overtaken_by_a_withdrawal_leaves_nothing_behind(
    real_server: WorkflowEnvironment,
) -> None:
    """Both come in one breath: the withdrawal wins, and a later hold is still possible."""
    journeys = Clinical(real_server, Outside())
    on = now().date() + timedelta(days=7)
    commands: dict[str, Command] = {
        "hold": HoldJourney(
            **by(Role.CARE_COORDINATOR, "h"), reason="to be looked into", review_on=on
        ),
        "withdraw_consent": WithdrawConsent(**by(Role.PATIENT, "w")),
    }
    staff = await journeys.refer(**cleared(Phase.SCHEDULED))
    for kind, command in commands.items():
        envelope = {"kind": kind, "command": command.model_dump(mode="json")}
        await journeys.handle(staff).signal("command_submitted", envelope)

    async with serving(real_server, journeys.outside):
        view = await staff.reach(Phase.DISCONTINUE_REFER)
        assert view.hold is None
        await hold(staff, "later")
        await staff.reach(Phase.ON_HOLD)
        await journeys.put_away()


async def test_withdrawal_needs_a_consent_to_withdraw(journeys: Clinical) -> None:
    staff = await journeys.refer()

    with pytest.raises(Refused) as refused:
        await _withdraw(staff)

    assert refused.value.codes == ["no_consent"]


async def test_withdrawal_aborts_the_booked_session(journeys: Clinical) -> None:
    staff = await journeys.refer(**cleared())
    booked = await staff.wait(lambda v: v.open_session is not None)
    assert booked.open_session is not None

    await _withdraw(staff)

    view = await staff.wait(lambda v: v.open_session is None)
    assert [s.phase for s in view.sessions] == ["ABORTED"]
    assert await _heard(journeys, booked.open_session) == ["consent_withdrawn"]
    assert "SessionBooked" not in (await journeys.kinds(staff))[-3:]


async def test_a_follow_up_owed_outlives_withdrawal_and_is_made_before_the_end(
    journeys: Clinical,
) -> None:
    staff = await journeys.refer(**cleared())
    view = await staff.wait(lambda v: v.open_session is not None)
    assert view.next_session_at is not None
    await staff.door.until(staff.journey_id, view.next_session_at + timedelta(hours=3))
    await staff.wait(lambda v: len(v.follow_ups) == 1)

    await _withdraw(staff)
    await staff.approve("referral_onward")
    waiting = await staff.reach(Phase.FOLLOW_UP)
    assert all(a.kind != "close_review" for a in waiting.pending_approvals)
    await staff.follow_up()
    await staff.third_day()
    await staff.approve("close_review")

    kinds = await journeys.ended(staff)
    assert kinds[-1] == "JourneyClosed"


async def test_a_follow_up_owed_outlives_a_hold(journeys: Clinical) -> None:
    staff = await journeys.refer(**cleared())
    view = await staff.wait(lambda v: v.open_session is not None)
    assert view.next_session_at is not None
    await staff.door.until(staff.journey_id, view.next_session_at + timedelta(hours=3))
    await staff.wait(lambda v: len(v.follow_ups) == 1)

    await hold(staff, days=30)
    await staff.reach(Phase.ON_HOLD)
    await staff.follow_up()

    assert not (await staff.wait(lambda v: not v.follow_ups)).follow_ups


@pytest.mark.parametrize("place", ["REFERRAL", "CONSENT", "INFUSION_SERIES", "SWITCH_ESKETAMINE"])
async def test_a_journey_can_be_closed_from_where_it_stands(journeys: Clinical, place: str) -> None:
    staff = await journeys.refer(**PLACES[place])
    await staff.wait(lambda v: v.next_action_at is not None)

    await _close(staff)

    kinds = await journeys.ended(staff)
    assert kinds[-1] == "JourneyClosed"
    outcome = await journeys.handle(staff).result()
    assert outcome["outcome"] == "closed"


async def test_closing_waits_for_the_follow_up_and_is_asked_for_once(journeys: Clinical) -> None:
    staff = await journeys.refer(**cleared())
    view = await staff.wait(lambda v: v.open_session is not None)
    assert view.next_session_at is not None
    await staff.door.until(staff.journey_id, view.next_session_at + timedelta(hours=3))
    await staff.wait(lambda v: len(v.follow_ups) == 1)

    await _close(staff)
    await staff.reach(Phase.FOLLOW_UP)
    with pytest.raises(Refused) as refused:
        await _close(staff, "again")

    assert refused.value.codes == ["already_closing"]
    await staff.follow_up()
    await staff.third_day()
    assert (await journeys.ended(staff))[-1] == "JourneyClosed"


async def test_closing_ends_a_hold(journeys: Clinical) -> None:
    staff = await journeys.refer()
    await hold(staff)
    await staff.reach(Phase.ON_HOLD)

    await _close(staff)

    kinds = await journeys.ended(staff)
    assert kinds.count("HoldLeft") == 1


async def test_danger_that_shows_during_the_close_review_keeps_the_journey_open(
    journeys: Clinical,
) -> None:
    staff = await journeys.refer(**treated(Phase.FOLLOW_UP))
    review = await staff.pending("close_review")
    await staff.give(
        "write_journal",
        WriteJournal(**by(Role.PATIENT, "night"), mood=0, text="I want to kill myself tonight"),
    )
    await staff.decide(review, STAFF[Role.CARE_COORDINATOR], Choice.APPROVE)

    view = await staff.pending("suicide_risk_review")
    assert (await staff.wait(lambda v: v.version == 2)).phase is Phase.FOLLOW_UP
    await staff.approve("suicide_risk_review")
    assert (await journeys.ended(staff))[-1] == "JourneyClosed"
    assert view.kind == "suicide_risk_review"
