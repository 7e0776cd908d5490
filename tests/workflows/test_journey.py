"""A journey with its real sessions, on the real server. The whole story by its record is told on
real servers: `tests/stack/test_demo.py`."""

from schemas.base import Role
from schemas.consent import WithdrawConsent
from schemas.controlled_substance import Waste
from schemas.infusion import SessionPhase, StartDosing, StopDosing
from schemas.journey import Phase
from simulator import papers
from simulator.bedside import Bedside
from simulator.papers import STAFF
from tests.workflows.conftest import Clinical
from tests.workflows.places import by, cleared


async def test_withdrawal_stops_the_dose_and_the_follow_up_is_still_made(whole: Clinical) -> None:
    staff = await whole.refer(**cleared())
    day = await staff.booked()
    bedside = Bedside(staff, day)
    await staff.door.until(day.session_id, day.scheduled_at)
    await bedside.prepare()
    lot = papers.lot(day.modality, day.scheduled_at)
    start = StartDosing(**by(Role.NURSE, "start"), lot=lot, drawn_mg=papers.DOSE_MG)
    await staff.give("start_dosing", start, to=day.session_id)

    await staff.give("withdraw_consent", WithdrawConsent(**by(Role.PATIENT, "stop")))

    view = await staff.reach(Phase.DISCONTINUE_REFER)
    assert view.open_session == day.session_id, "the observation goes on"
    while (await staff.door.session(day.session_id)).phase is SessionPhase.DOSING:
        await staff.door.settle()
    assert (await staff.door.session(day.session_id)).phase is SessionPhase.POST_OBS
    rest = Waste(wasted_mg=papers.DOSE_MG - 10, witness=STAFF[Role.PRESCRIBER])
    given = StopDosing(**by(Role.NURSE, "given"), reason="pump read", delivered_mg=10, waste=rest)
    await staff.give("stop_dosing", given, to=day.session_id)
    await bedside.observe()
    await bedside.discharge()
    await staff.wait(lambda v: len(v.follow_ups) == 1)
    await staff.approve("referral_onward")
    await staff.follow_up()
    await staff.third_day()
    await staff.approve("close_review")
    assert "JourneyClosed" in await whole.ended(staff)
    assert "DosingStopped" in whole.outside.kinds(day.session_id)
