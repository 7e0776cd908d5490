"""The whole story of a journey with its real sessions, on the real server, by its record."""

from collections import Counter

from schemas.base import Role
from schemas.consent import WithdrawConsent
from schemas.controlled_substance import Waste
from schemas.infusion import SessionPhase, StartDosing, StopDosing
from schemas.journey import CloseJourney, Phase
from schemas.screening import Modality
from simulator import papers
from simulator.papers import STAFF
from simulator.staff import Bedside
from tests.workflows.conftest import Clinical
from tests.workflows.places import by, cleared


async def test_a_journey_from_referral_to_its_end_by_its_record(whole: Clinical) -> None:
    staff = await whole.refer()
    await staff.prepare(finding=True)
    await staff.treat(pause=True)
    await staff.follow_up()
    await staff.miss()
    for _ in range(5):
        await staff.treat()
    await staff.reach(Phase.REEVALUATION)
    await staff.score(7)
    await staff.approve("reevaluation_decision", "switch")
    await staff.approve("switch_to_spray")
    await staff.sign(Modality.ESKETAMINE)
    await staff.authorize()
    await staff.treat()
    await staff.booked()
    command = CloseJourney(**by(Role.CARE_COORDINATOR, "close"), reason="moves away")
    await staff.give("close_journey", command)
    await staff.reach(Phase.FOLLOW_UP)
    await staff.follow_up()
    await staff.send_forms()

    kinds = await whole.ended(staff)

    entered = [
        str(f.data["phase"])
        for f in whole.outside.facts[staff.journey_id].values()
        if f.kind == "PhaseEntered"
    ]
    assert entered == [
        "REFERRAL",
        "PSYCH_EVAL",
        "MED_SCREEN",
        "CONSENT",
        "SCHEDULED",
        "INFUSION_SERIES",
        "REEVALUATION",
        "SWITCH_ESKETAMINE",
        "FOLLOW_UP",
        "CLOSED",
    ]
    first = kinds.index("SessionBooked")
    assert kinds.index("ScreeningRecorded") < kinds.index("ConsentSigned") < first
    assert kinds[:first].count("TaskVoted") == 5, "triage, finding, clearance by two, start"
    counts = Counter(kinds)
    assert counts["SessionBooked"] == counts["SessionClosed"] == 9
    assert counts["SessionRebooked"] == 1
    assert counts["ConsentSigned"] == 2
    assert counts["TaskOpened"] == counts["TaskClosed"]
    paused = whole.outside.kinds(f"{staff.journey_id}-infusion-1")
    assert paused.index("DosingPaused") < paused.index("DosingResumed")
    occurrences = [n.occurrence for n in whole.outside.sent]
    assert len(occurrences) == len(set(occurrences)), "nothing was sent twice"


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
    await staff.approve("close_review")
    assert "JourneyClosed" in await whole.ended(staff)
    assert "DosingStopped" in whole.outside.kinds(day.session_id)
