"""Facts gather while the record is away, and are on record once and in order when it is back."""

from datetime import timedelta

from schemas.base import Role
from schemas.journal import WriteJournal
from schemas.journey import Phase
from tests.workflows.conftest import Clinical
from tests.workflows.places import by, cleared
from workflows.options import FACTS_IN_A_BATCH


def _entry(key: str) -> WriteJournal:
    return WriteJournal(**by(Role.PATIENT, key), mood=6, text="Slept well.")


async def test_the_journey_goes_on_while_the_record_is_away(journeys: Clinical) -> None:
    journeys.outside.away = True
    staff = await journeys.refer()

    await staff.prepare()
    view = await staff.reach(Phase.INFUSION_SERIES)
    assert view.unrecorded >= 15
    assert journeys.outside.facts == {}
    assert view.open_session is None, "no treatment day on a consent that is not on record"
    journeys.outside.away = False
    await staff.wait(lambda v: v.open_session is not None)

    facts = await journeys.facts(staff)
    assert [fact.sequence for fact in facts] == list(range(1, len(facts) + 1))
    assert facts[0].kind == "JourneyStarted"
    assert "SessionBooked" in [fact.kind for fact in facts]


async def test_a_burst_of_facts_is_a_few_batches(journeys: Clinical) -> None:
    journeys.outside.away = True
    staff = await journeys.refer()
    for n in range(FACTS_IN_A_BATCH + 5):
        await staff.give("write_journal", _entry(f"entry-{n}"))
    journeys.outside.away = False

    facts = await journeys.facts(staff)

    assert len(facts) >= FACTS_IN_A_BATCH + 8
    assert len(journeys.outside.batches) <= 4
    assert max(len(batch.facts) for batch in journeys.outside.batches) == FACTS_IN_A_BATCH


async def test_every_batch_says_where_the_journey_stands(journeys: Clinical) -> None:
    staff = await journeys.refer()

    await staff.approve("referral_triage")
    await staff.reach(Phase.PSYCH_EVAL)
    await journeys.kinds(staff)

    cards = [batch.card for batch in journeys.outside.batches]
    assert cards[-1] is not None
    assert (cards[-1].phase, cards[-1].awaiting_role) == ("PSYCH_EVAL", "psychiatrist")


async def test_nothing_leaves_before_it_is_on_record(journeys: Clinical) -> None:
    staff = await journeys.refer(**cleared(Phase.FOLLOW_UP))
    await staff.approve("close_review")

    outcome = await journeys.handle(staff).result()

    assert outcome["facts"] >= len(journeys.outside.facts[staff.journey_id]) - 1
    assert "JourneyClosed" in journeys.outside.kinds(staff.journey_id)


async def test_one_reminder_after_a_long_silence(journeys: Clinical) -> None:
    staff = await journeys.refer()
    await staff.pending("referral_triage")

    await journeys.jump(staff, timedelta(hours=23))
    await journeys.flush(staff)

    kinds = await journeys.kinds(staff)
    assert kinds.count("TaskReminded") == 1
