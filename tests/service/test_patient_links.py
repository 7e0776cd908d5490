"""A patient's link: made by staff for one thing, opened by a birth date, used once."""

import asyncio
import hashlib
from datetime import UTC, date, datetime, timedelta
from time import monotonic

import asyncpg
import pytest

from records.errors import RecordUnavailable
from runtime.settings import Settings
from schemas.aftercare import Occasion, RecordContact
from schemas.base import Reason, Role
from schemas.consent import SignConsent
from schemas.journal import WriteJournal
from schemas.patient_link import LinkPurpose, LinkUse, LinkWish
from service.errors import Malformed, NotYetAnswered, Refused, Unavailable, UnknownWorkflow
from service.patient_visits import HELD_FOR, MOST_TRIES, Outcome, Standing, Visit
from tests.service.link_house import (
    BORN,
    CONSENT,
    DAY,
    FORM,
    HOME,
    JOURNAL,
    JOURNEY,
    LEE,
    MORNING,
    NORTH,
    ROMERO,
    WRONG,
    House,
)


@pytest.fixture
def house(pool: asyncpg.Pool) -> House:
    return House(pool)


# -- made --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("wish", "hours"), [(CONSENT, 72), (JOURNAL, 168), (HOME, 24)])
async def test_a_link_lives_as_long_as_its_purpose_allows(
    house: House, wish: LinkWish, hours: int
) -> None:
    made = await house.made(wish)

    assert made.expires_at == MORNING + timedelta(hours=hours)
    assert made.url.startswith("http://127.0.0.1:8000/l/north~")


async def test_the_token_is_kept_nowhere(house: House) -> None:
    token = await house.token(CONSENT)

    kept = [
        str(dict(row))
        for table in ("patient_links", "patient_link_audit")
        for row in await house.pool.fetch(f"SELECT * FROM {table}")
    ]
    assert len(kept) == 2
    assert not any(token.rpartition("~")[2] in row for row in kept)


async def test_a_coordinator_attests_no_capacity_and_so_makes_no_consent_link(house: House) -> None:
    with pytest.raises(Refused) as refused:
        await house.made(CONSENT, ROMERO)

    assert refused.value.code == "capacity_not_attested"
    assert (await house.made(JOURNAL, ROMERO)).purpose is LinkPurpose.JOURNAL


async def test_a_form_that_no_signature_could_make_a_consent_is_refused_with_every_reason(
    house: House,
) -> None:
    form = FORM.model_copy(update={"teach_back": False, "copy_given": False, "elements": ()})

    with pytest.raises(Refused) as refused:
        await house.made(LinkWish(purpose=LinkPurpose.CONSENT, form=form))

    assert {reason.code for reason in refused.value.reasons} == {
        "consent_teach_back_missing",
        "consent_copy_not_given",
        "consent_elements_missing",
    }


@pytest.mark.parametrize(
    "wish",
    [
        LinkWish(purpose=LinkPurpose.CONSENT),
        LinkWish(purpose=LinkPurpose.HOME_SAFE),
        LinkWish(purpose=LinkPurpose.JOURNAL, form=FORM),
        LinkWish(purpose=LinkPurpose.CONSENT, form=FORM, session_id=DAY),
    ],
)
async def test_a_link_is_made_with_what_its_purpose_needs_and_nothing_else(
    house: House, wish: LinkWish
) -> None:
    with pytest.raises(Malformed):
        await house.made(wish)


async def test_nobody_is_asked_about_a_treatment_day_of_another_journey(house: House) -> None:
    other = HOME.model_copy(update={"session_id": f"journey-{'o' * 26}-infusion-1"})

    with pytest.raises(Refused, match="unknown_session"):
        await house.made(other)


async def test_without_a_birth_date_on_record_or_after_the_end_no_link_is_made(
    house: House,
) -> None:
    house.known.born, house.known.closed = None, True

    with pytest.raises(Refused) as refused:
        await house.made(JOURNAL)

    assert {r.code for r in refused.value.reasons} == {"birth_date_unknown", "journey_closed"}


async def test_in_production_no_link_is_made_without_https(house: House) -> None:
    plain = Settings.model_construct(**{**Settings().model_dump(), "environment": "production"})

    with pytest.raises(Refused, match="links_not_set_up"):
        await house.staff(plain).make(JOURNEY, JOURNAL, LEE, "k", clinics=None)


# -- opened ------------------------------------------------------------------------------------


async def test_the_first_look_says_whom_to_call_and_in_which_language(house: House) -> None:
    token = await house.token(JOURNAL)

    known = await house.visits.front(token)
    torn = await house.visits.front(token[:12])

    assert (known.clinic, known.language) == (NORTH, "es")
    assert (torn.clinic, torn.language) == (NORTH, None)
    assert (await house.visits.front("nonsense")).clinic is None


async def test_the_right_birth_date_opens_a_link_and_the_trail_says_so(house: House) -> None:
    visit = await house.opened(JOURNAL)

    assert visit.standing is Standing.READY
    assert visit.training
    assert await house.trail() == ["made", "opened"]


async def _over(house: House, why: str) -> tuple[str, date]:
    """A link that opens nothing any more, and what is said at it."""
    made = await house.made(HOME)
    token = made.url.rpartition("/")[2]
    match why:
        case "wrong":
            return token, WRONG
        case "expired":
            house.now += timedelta(hours=24)
        case "revoked":
            await house.links.revoke(JOURNEY, made.link_id, ROMERO)
        case "used":
            visit = await house.visits.open(token, BORN)
            assert visit is not None
            await house.visits.say_home_safe(visit)
        case "unknown":
            return "north~" + "a" * 32, BORN
        case "replaced":
            await house.made(HOME)
        case "locked":
            for _ in range(MOST_TRIES):
                assert await house.visits.open(token, WRONG) is None
    return token, BORN


@pytest.mark.parametrize(
    "why", ["wrong", "expired", "revoked", "used", "unknown", "replaced", "locked"]
)
async def test_whatever_is_wrong_with_a_link_the_visitor_learns_nothing(
    house: House, why: str
) -> None:
    token, said = await _over(house, why)

    assert await house.visits.open(token, said) is None


async def test_five_wrong_birth_dates_lock_a_link_and_the_trail_says_so(house: House) -> None:
    token, _ = await _over(house, "locked")

    assert await house.visits.open(token, BORN) is None
    assert await house.trail() == ["made", *["failed"] * 5, "locked"]


async def test_guesses_made_at_once_are_five_and_no_more(house: House) -> None:
    token = await house.token(JOURNAL)

    await asyncio.gather(*(house.visits.open(token, WRONG) for _ in range(12)))

    assert (await house.trail()).count("failed") == MOST_TRIES


async def test_a_proof_leads_to_the_next_page_of_its_own_link_and_for_half_an_hour(
    house: House,
) -> None:
    visit = await house.opened(JOURNAL)
    token = await house.token(JOURNAL)
    other = (await house.made(CONSENT, key="other")).url.rpartition("/")[2]

    assert await house.visits.again(token, visit.proof) is not None
    assert await house.visits.again(other, visit.proof) is None
    for forged in ("", "9" * 11, f"{'9' * 11}.{'0' * 64}", "x.y", visit.proof + "0"):
        assert await house.visits.again(token, forged) is None
    house.now += timedelta(minutes=31)
    assert await house.visits.again(token, visit.proof) is None


async def _died(house: House, visit: Visit, use: LinkUse) -> None:
    """Somebody pressed, and their request died on the way with the link held."""
    day = house.now - timedelta(hours=1)
    assert await house.store.hold(visit.link.link_id, use, house.now, house.now + HELD_FOR, day)


# -- used --------------------------------------------------------------------------------------


async def test_the_patient_signs_what_the_clinician_prepared(house: House) -> None:
    visit = await house.opened(CONSENT)

    assert await house.visits.sign(visit, "Ottoline Thistlewood") is Outcome.DONE

    kind, command = house.desk.told[0]
    assert isinstance(command, SignConsent)
    assert command.form is not None
    assert (kind, command.actor.role) == ("sign_consent", Role.PATIENT)
    assert command.form.signer == "Ottoline Thistlewood"
    assert command.form.capacity_attested_by == "dr-lee"
    assert command.form.document_sha256 == "a" * 64


async def test_of_two_signatures_at_once_one_takes_effect(house: House) -> None:
    visit = await house.opened(CONSENT)

    outcomes = await asyncio.gather(*(house.visits.sign(visit, "Ottoline") for _ in range(2)))

    assert sorted(outcomes) == [Outcome.DONE, Outcome.USED_BEFORE]
    assert len(house.desk.told) == 1


async def test_a_press_behind_one_that_fails_sends_the_same_command_itself(house: House) -> None:
    visit = await house.opened(CONSENT)
    house.desk.trouble = Unavailable()
    first = asyncio.create_task(house.visits.sign(visit, "Ottoline"))
    await asyncio.sleep(0.02)

    second = asyncio.create_task(house.visits.sign(visit, "Ottoline"))
    with pytest.raises(Unavailable):
        await first
    house.desk.trouble = None

    assert await second is Outcome.DONE
    assert len(house.desk.told) == 1


async def test_behind_a_press_that_died_nothing_is_called_taken_until_somebody_answers(
    house: House,
) -> None:
    visit = await house.opened(CONSENT)
    await _died(house, visit, LinkUse.SIGN)

    assert await house.visits.sign(visit, "Ottoline") is Outcome.NOT_KNOWN
    house.now += HELD_FOR

    assert await house.visits.sign(visit, "Ottoline") is Outcome.DONE


async def test_a_danger_waits_behind_no_other_press_and_behind_no_entry_of_the_day(
    house: House,
) -> None:
    visit = await house.opened(JOURNAL)
    await _died(house, visit, LinkUse.WRITE)

    began = monotonic()
    assert await house.visits.write(visit, {"suicidal_thoughts": 2}) is Outcome.DONE
    assert await house.visits.write(visit, {"suicidal_thoughts": 3}) is Outcome.DONE

    assert monotonic() - began < 1
    entries = [command for _, command in house.desk.told if isinstance(command, WriteJournal)]
    assert [entry.suicidal_thoughts for entry in entries] == [2, 3]


async def test_a_danger_is_sent_while_the_record_cannot_hold_the_link(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit = await house.opened(JOURNAL)
    monkeypatch.setattr(house.store, "hold", _away)

    assert await house.visits.write(visit, {"suicidal_thoughts": 1}) is Outcome.DONE
    with pytest.raises(RecordUnavailable):
        await house.visits.write(visit, {"suicidal_thoughts": 0})


async def test_whoever_waits_behind_a_press_sees_at_once_that_the_link_is_over(
    house: House,
) -> None:
    made = await house.made(HOME)
    visit = await house.visits.open(made.url.rpartition("/")[2], BORN)
    assert visit is not None
    await house.links.revoke(JOURNEY, made.link_id, ROMERO)

    began = monotonic()

    assert await house.visits.say_home_safe(visit) is Outcome.USED_BEFORE
    assert monotonic() - began < 1
    assert house.desk.told == []


async def test_consent_is_taken_back_after_signing_by_one_press_without_a_reason(
    house: House,
) -> None:
    token = await house.token(CONSENT)
    first = await house.visits.open(token, BORN)
    assert first is not None
    await house.visits.sign(first, "Ottoline Thistlewood")

    visit = await house.visits.open(token, BORN)
    assert visit is not None
    assert visit.standing is Standing.SIGNED
    await house.visits.withdraw(visit)

    assert [kind for kind, _ in house.desk.told] == ["sign_consent", "withdraw_consent"]
    assert await house.visits.open(token, BORN) is None
    assert await house.trail() == ["made", "opened", "used", "opened", "withdrawn"]


async def test_a_withdrawal_that_overtakes_the_signature_is_sent_again_behind_it(
    house: House,
) -> None:
    visit = await house.opened(CONSENT)
    house.desk.signed, house.desk.signs_within_s = False, 0.5
    signing = asyncio.create_task(house.visits.sign(visit, "Ottoline Thistlewood"))
    await asyncio.sleep(0.1)
    house.now += timedelta(seconds=1)

    withdrawn = await house.visits.withdraw(visit)

    assert (await signing, withdrawn) == (Outcome.DONE, Outcome.DONE)
    assert [kind for kind, _ in house.desk.told] == ["sign_consent", "withdraw_consent"]
    link = await house.store.read(visit.link.link_id)
    assert link is not None
    assert link.withdrawn_at is not None


@pytest.mark.parametrize("why", ["kept", "died", "noted"])
async def test_a_withdrawal_refused_while_a_signature_may_count_is_not_known(
    house: House, why: str
) -> None:
    visit = await house.opened(CONSENT)
    match why:
        case "kept":
            house.desk.trouble = NotYetAnswered(JOURNEY, JOURNEY, "k")
            assert await house.visits.sign(visit, "Ottoline Thistlewood") is Outcome.KEPT
            house.desk.trouble = None
        case "died":
            await _died(house, visit, LinkUse.SIGN)
        case "noted":
            await house.visits.sign(visit, "Ottoline Thistlewood")
    house.desk.signed = False
    house.now += timedelta(seconds=1)

    assert await house.visits.withdraw(visit) is Outcome.NOT_KNOWN


@pytest.mark.parametrize("tried", [False, True])
async def test_where_no_signature_came_about_there_is_no_consent_to_take_back(
    house: House, tried: bool
) -> None:
    visit = await house.opened(CONSENT)
    house.desk.signed = False
    if tried:
        house.desk.trouble = Unavailable()
        with pytest.raises(Unavailable):
            await house.visits.sign(visit, "Ottoline Thistlewood")
        house.desk.trouble = None

    with pytest.raises(Refused, match="no_consent"):
        await house.visits.withdraw(visit)


async def test_whoever_presses_twice_sees_that_it_is_done(house: House) -> None:
    token = await house.token(HOME)
    visit = await house.visits.open(token, BORN)
    assert visit is not None
    await house.visits.say_home_safe(visit)

    again = await house.visits.again(token, visit.proof)

    assert again is not None
    assert again.standing is Standing.SAID
    command = house.desk.told[0][1]
    assert isinstance(command, RecordContact)
    assert (command.occasion, command.reached, command.session_id) == (Occasion.EVENING, True, DAY)


async def test_a_journal_link_writes_once_a_day_of_the_clinic_until_it_expires(
    house: House,
) -> None:
    token = await house.token(JOURNAL)

    async def write() -> Standing:
        visit = await house.visits.open(token, BORN)
        assert visit is not None
        if visit.standing is Standing.READY:
            await house.visits.write(visit, {"mood": 4, "text": "slept well"})
        return visit.standing

    assert [await write(), await write()] == [Standing.READY, Standing.WRITTEN]
    house.now = datetime(2026, 11, 28, 4, 30, tzinfo=UTC)
    assert await write() is Standing.WRITTEN, "half past eleven at night in New York"
    house.now = datetime(2026, 11, 28, 5, 30, tzinfo=UTC)
    assert await write() is Standing.READY
    entries = [command for _, command in house.desk.told]
    assert all(isinstance(entry, WriteJournal) and entry.mood == 4 for entry in entries)
    assert len({entry.command_id for entry in entries}) == 2


async def _away(*_: object) -> None:
    raise RecordUnavailable


async def test_a_danger_told_after_an_entry_that_was_not_noted_still_reaches_the_journey(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit = await house.opened(JOURNAL)
    with monkeypatch.context() as record:
        record.setattr(house.store, "used", _away)
        await house.visits.write(visit, {"mood": 4, "text": "slept well"})

    house.now += timedelta(minutes=1)
    await house.visits.write(visit, {"suicidal_thoughts": 3})

    entries = [command for _, command in house.desk.told if isinstance(command, WriteJournal)]
    assert [entry.suicidal_thoughts for entry in entries] == [0, 3]


async def test_the_same_entry_sent_again_is_one_entry_and_its_key_tells_nothing_of_it(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit = await house.opened(JOURNAL)
    monkeypatch.setattr(house.store, "used", _away)

    for _ in range(2):
        await house.visits.write(visit, {"mood": 4, "text": "slept well"})
        house.now += timedelta(minutes=1)

    ((_, command),) = house.desk.told
    plain = command.model_dump_json(exclude={"command_id", "actor"}).encode()
    assert hashlib.sha256(plain).hexdigest()[:16] not in command.command_id
    assert "slept" not in command.command_id


@pytest.mark.parametrize(
    "trouble", [Unavailable(), Refused(Reason(code="wrong_phase", text="not yet"))]
)
async def test_what_was_not_taken_uses_nothing_up(house: House, trouble: Exception) -> None:
    visit = await house.opened(CONSENT)
    house.desk.trouble = trouble
    with pytest.raises(type(trouble)):
        await house.visits.sign(visit, "Ottoline Thistlewood")

    house.desk.trouble = None

    assert await house.visits.sign(visit, "Ottoline Thistlewood") is Outcome.DONE


async def test_what_is_kept_and_not_yet_answered_does_not_count_as_used(house: House) -> None:
    token = await house.token(CONSENT)
    visit = await house.visits.open(token, BORN)
    assert visit is not None
    house.desk.trouble = NotYetAnswered(JOURNEY, JOURNEY, "k")
    assert await house.visits.sign(visit, "Ottoline Thistlewood") is Outcome.KEPT

    again = await house.visits.again(token, visit.proof)
    assert again is not None
    assert again.standing is Standing.READY
    assert await house.trail() == ["made", "opened"]
    house.desk.trouble = None
    house.now += HELD_FOR

    assert await house.visits.sign(again, "Ottoline Thistlewood") is Outcome.DONE


async def test_what_took_effect_while_the_record_went_away_is_told_as_done(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit = await house.opened(CONSENT)

    monkeypatch.setattr(house.store, "used", _away)

    assert await house.visits.sign(visit, "Ottoline Thistlewood") is Outcome.DONE


async def test_a_link_that_does_not_exist_is_not_revoked(house: House) -> None:
    with pytest.raises(UnknownWorkflow):
        await house.links.revoke(JOURNEY, "link-none", ROMERO)
