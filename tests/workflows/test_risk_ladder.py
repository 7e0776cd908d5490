"""A patient at risk: a person is reached within the time, or the ladder climbs until one answers.

Clinical fact sheet, sections 6.3 and 9, edge case 16.
"""

from datetime import timedelta

from schemas.aftercare import Occasion, RecordContact
from schemas.base import Role
from schemas.journal import WriteJournal
from schemas.journey import Phase
from schemas.risk_alert import AcknowledgeAlert
from simulator.staff import Staff
from tests.workflows.conftest import Clinical
from tests.workflows.places import by, treated

MIN = timedelta(minutes=1)


async def alarmed(journeys: Clinical, thoughts: int = 3, key: str = "night") -> Staff:
    """A patient writes at night that they want to die."""
    staff = await journeys.refer(**treated(Phase.FOLLOW_UP))
    await staff.pending("close_review")
    await staff.give("write_journal", _entry(thoughts, key))
    await staff.pending("suicide_risk_review")
    return staff


def _entry(thoughts: int, key: str) -> WriteJournal:
    return WriteJournal(**by(Role.PATIENT, key), mood=0, suicidal_thoughts=thoughts)


async def paged(journeys: Clinical, staff: Staff) -> list[tuple[str, str]]:
    """Who was paged, in order, as it is on record."""
    await journeys.flush(staff)
    return [
        (str(f.data["step"]), str(f.data["role"]))
        for f in await journeys.facts(staff)
        if f.kind == "RiskPaged"
    ]


async def test_edge_16_an_alert_nobody_acknowledges_climbs_to_the_end(journeys: Clinical) -> None:
    staff = await alarmed(journeys)
    raised = (await staff.door.journey(staff.journey_id)).risk_alerts[0].raised_at

    await staff.door.until(staff.journey_id, raised + 8 * MIN)
    assert await paged(journeys, staff) == [("on_call", "psychiatrist")]
    await staff.door.until(staff.journey_id, raised + 15 * MIN)
    await staff.wait(lambda v: v.risk_alerts[0].director_paged)
    await staff.door.until(staff.journey_id, raised + 45 * MIN)

    decision = await staff.pending("welfare_check")
    assert await paged(journeys, staff) == [
        ("on_call", "psychiatrist"),
        ("medical_director", "medical_director"),
        ("emergency_services", "psychiatrist"),
        ("emergency_services", "medical_director"),
    ]
    await staff.door.until(staff.journey_id, raised + timedelta(days=2))
    view = await staff.door.journey(staff.journey_id)
    assert len(view.risk_alerts) == 1, "no timer ever ends it"
    assert {"welfare_check", "suicide_risk_review"} <= {a.kind for a in view.pending_approvals}
    await staff.wait(lambda v: v.unsent == 0)
    assert sum(n.template == "safety_alert" for n in journeys.outside.sent) == 4
    assert decision.approval_id
    await staff.approve("welfare_check")
    await staff.approve("suicide_risk_review")
    await staff.wait(lambda v: not v.risk_alerts)


async def test_edge_16_only_a_persons_word_stops_the_ladder_and_it_is_on_record_whose(
    journeys: Clinical,
) -> None:
    staff = await alarmed(journeys)
    raised = (await staff.door.journey(staff.journey_id)).risk_alerts[0].raised_at
    await staff.door.until(staff.journey_id, raised + 10 * MIN)

    await staff.give("acknowledge_alert", AcknowledgeAlert(**by(Role.PSYCHIATRIST, "mine")))
    await staff.door.until(staff.journey_id, raised + 50 * MIN)

    assert await paged(journeys, staff) == [("on_call", "psychiatrist")]
    said = await journeys.fact(staff, "RiskAcknowledged")
    assert (said.data["by"], said.actor.role) == (said.actor.id, Role.PSYCHIATRIST)
    view = await staff.door.journey(staff.journey_id)
    assert view.risk_alerts[0].acknowledged_at is not None


async def test_edge_16_an_hour_without_contact_on_a_high_signal_asks_for_a_welfare_check(
    journeys: Clinical,
) -> None:
    staff = await alarmed(journeys)
    raised = (await staff.door.journey(staff.journey_id)).risk_alerts[0].raised_at
    attempt = RecordContact(**by(Role.PSYCHIATRIST, "rang"), occasion=Occasion.RISK, reached=False)
    await staff.give("record_contact", attempt)

    await staff.door.until(staff.journey_id, raised + 50 * MIN)
    view = await staff.door.journey(staff.journey_id)
    assert all(a.kind != "welfare_check" for a in view.pending_approvals)
    await staff.door.until(staff.journey_id, raised + 60 * MIN)

    await staff.pending("welfare_check")
    assert (await journeys.fact(staff, "RiskAcknowledged")).data["role"] == "psychiatrist"


async def test_a_patient_who_was_reached_within_the_hour_needs_no_welfare_check(
    journeys: Clinical,
) -> None:
    staff = await alarmed(journeys)
    raised = (await staff.door.journey(staff.journey_id)).risk_alerts[0].raised_at
    reached = RecordContact(**by(Role.PSYCHIATRIST, "talked"), occasion=Occasion.RISK, reached=True)
    await staff.give("record_contact", reached)

    await staff.door.until(staff.journey_id, raised + 90 * MIN)

    view = await staff.door.journey(staff.journey_id)
    assert all(a.kind != "welfare_check" for a in view.pending_approvals)
    assert any(a.kind == "suicide_risk_review" for a in view.pending_approvals), "still to write"


async def test_an_on_call_who_cannot_reach_the_patient_hands_over_and_no_ends_nothing(
    journeys: Clinical,
) -> None:
    staff = await alarmed(journeys, thoughts=2)

    await staff.decline("suicide_risk_review")
    climbed = await staff.pending("suicide_risk_review")
    assert climbed.roles == (Role.MEDICAL_DIRECTOR,)
    await staff.decline("suicide_risk_review")

    await staff.pending("welfare_check")
    assert len((await staff.door.journey(staff.journey_id)).risk_alerts) == 1
    await staff.approve("welfare_check")
    await staff.wait(lambda v: not v.risk_alerts)


async def test_another_entry_of_the_same_night_is_the_same_ladder_until_somebody_answers(
    journeys: Clinical,
) -> None:
    staff = await alarmed(journeys)
    await staff.give("write_journal", _entry(3, "again"))
    assert len((await staff.door.journey(staff.journey_id)).risk_alerts) == 1

    await staff.give("acknowledge_alert", AcknowledgeAlert(**by(Role.PSYCHIATRIST, "mine")))
    await staff.give("write_journal", _entry(3, "later"))

    view = await staff.door.journey(staff.journey_id)
    assert len(view.risk_alerts) == 2, "what comes after the answer is paged anew"
