"""A patient's own pages: nothing before the birth date, one question a page, no script."""

import asyncio
import re
from collections.abc import Iterator
from datetime import timedelta

import asyncpg
import httpx
import pytest
from structlog.testing import capture_logs

from api.issuer_keys import build_verifier
from schemas.base import Reason
from schemas.consent import SignConsent
from schemas.journal import WriteJournal
from schemas.patient_link import LinkUse, LinkWish
from service.errors import NotYetAnswered, Refused, Unavailable
from service.patient_visits import HELD_FOR
from tests.api.conftest import Door
from tests.console.an_office import an_office
from tests.service.link_house import (
    BORN,
    CONSENT,
    HOME,
    JOURNAL,
    JOURNEY,
    NORTH,
    ROMERO,
    WRONG,
    House,
)

HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')
NUMBERS = ("988", "911", "+1-212-555-0142")
BIRTH = {"year": str(BORN.year), "month": str(BORN.month), "day": str(BORN.day)}
NOT_BORN = {**BIRTH, "day": str(WRONG.day)}


@pytest.fixture
def house(pool: asyncpg.Pool) -> House:
    found = House(pool)
    found.known.spoken = "en"
    return found


@pytest.fixture
def http(door: Door, house: House) -> Iterator[httpx.AsyncClient]:
    verifier = build_verifier(door.settings, door.issuer)
    door.attach_console(
        an_office(door.settings, verifier, {"north": NORTH.time_zone}, visits=house.visits),
    )
    return door.http


def carried(answer: httpx.Response) -> dict[str, str]:
    """The hidden fields of the first form: what the next page is told."""
    return dict(HIDDEN.findall(answer.text.partition("</form>")[0]))


async def inside(http: httpx.AsyncClient, address: str) -> httpx.Response:
    answer = await http.post(address, data=BIRTH)
    assert answer.status_code == 200
    return answer


async def say(
    http: httpx.AsyncClient, address: str, page: httpx.Response, **said: str
) -> httpx.Response:
    return await http.post(address, data={**carried(page), **said})


async def died(house: House, use: LinkUse) -> None:
    """Somebody pressed, and their request died on the way with the link held."""
    (link,) = await house.pool.fetch("SELECT link_id FROM patient_links")
    day = house.now - timedelta(hours=1)
    assert await house.store.hold(link["link_id"], use, house.now, house.now + HELD_FOR, day)


def told(house: House) -> list[str]:
    return [kind for kind, _ in house.desk.told]


async def test_the_first_page_says_nothing_about_anybody_and_uses_nothing_up(
    http: httpx.AsyncClient, house: House
) -> None:
    address = f"/l/{await house.token(CONSENT)}"

    for _ in range(7):
        page = await http.get(address)

    assert page.status_code == 200
    assert all(number in page.text for number in NUMBERS)
    assert not any(word in page.text.lower() for word in ("consent", "ketamine", "dr-lee", "1984"))
    assert await house.trail() == ["made"]
    await inside(http, address)


async def test_the_first_page_of_any_link_is_the_same_but_for_its_address(
    http: httpx.AsyncClient, house: House
) -> None:
    known = await house.token(CONSENT)
    unknown = "north~" + "a" * 32

    pages = [(await http.get(f"/l/{one}")).text.replace(one, "") for one in (known, unknown)]

    assert pages[0] == pages[1]


async def test_no_page_may_be_kept_told_on_found_or_framed_and_none_runs_a_script(
    http: httpx.AsyncClient, house: House
) -> None:
    address = f"/l/{await house.token(CONSENT)}"

    for page in (await http.get(address), await inside(http, address)):
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["referrer-policy"] == "no-referrer"
        assert "noindex" in page.headers["x-robots-tag"]
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src" not in policy
        assert "<script" not in page.text


async def test_a_wrong_birth_date_an_ended_link_and_no_link_get_the_same_answer(
    http: httpx.AsyncClient, house: House
) -> None:
    made = await house.made(HOME)
    token = made.url.rpartition("/")[2]
    wrong = await http.post(f"/l/{token}", data=NOT_BORN)
    await house.links.revoke(JOURNEY, made.link_id, ROMERO)
    ended = await http.post(f"/l/{token}", data=BIRTH)
    unknown = await http.post("/l/north~" + "a" * 32, data=BIRTH)

    assert wrong.status_code == ended.status_code == unknown.status_code == 403
    assert wrong.text == ended.text == unknown.text
    assert all(number in wrong.text for number in NUMBERS)


async def test_what_is_no_date_is_asked_again_and_costs_no_try(
    http: httpx.AsyncClient, house: House
) -> None:
    address = f"/l/{await house.token(JOURNAL)}"

    for said in ({}, {**BIRTH, "month": "13"}, {**BIRTH, "year": "9" * 30}, {**BIRTH, "day": "x"}):
        assert (await http.post(address, data=said)).status_code == 422

    assert await house.trail() == ["made"]


async def test_consent_is_signed_and_then_taken_back_by_one_press(
    http: httpx.AsyncClient, house: House
) -> None:
    address = f"/l/{await house.token(CONSENT)}"
    page = await inside(http, address)

    signed = await say(http, address, page, do="sign", signer="Ottoline Thistlewood")
    again = await inside(http, address)
    withdrawn = await say(http, address, again, do="withdraw")

    assert "You have signed" in signed.text
    assert "Your consent is taken back" in withdrawn.text
    assert all(number in withdrawn.text for number in NUMBERS)
    assert told(house) == ["sign_consent", "withdraw_consent"]
    command = house.desk.told[0][1]
    assert isinstance(command, SignConsent)
    assert command.form is not None
    assert command.form.signer == "Ottoline Thistlewood"


async def test_a_signature_without_a_name_is_none(http: httpx.AsyncClient, house: House) -> None:
    address = f"/l/{await house.token(CONSENT)}"
    page = await inside(http, address)

    answer = await say(http, address, page, do="sign", signer="  ")

    assert answer.status_code == 422
    assert told(house) == []


async def test_pressed_twice_it_is_done_once_and_said_so(
    http: httpx.AsyncClient, house: House
) -> None:
    address = f"/l/{await house.token(HOME)}"
    page = await inside(http, address)

    answers = [await say(http, address, page, do="home_safe") for _ in range(2)]

    assert all("Thank you, rest well" in answer.text for answer in answers)
    assert told(house) == ["record_contact"]


async def test_whoever_is_not_well_is_told_whom_to_call_and_stays_owed_a_call(
    http: httpx.AsyncClient, house: House
) -> None:
    address = f"/l/{await house.token(HOME)}"

    answer = await say(http, address, await inside(http, address), do="help")
    spanish = await say(http, address, answer, switch="es")

    assert "Please call now" in answer.text
    assert "Llame ahora, por favor" in spanish.text
    assert told(house) == []


async def test_a_journal_is_asked_one_question_a_page_and_sent_once(
    http: httpx.AsyncClient, house: House
) -> None:
    address = f"/l/{await house.token(JOURNAL)}"
    page = await inside(http, address)
    for said in (
        {"do": "next", "mood": "4"},
        {"do": "skip"},
        {"do": "next", "energy": "6"},
        {"do": "next", "side_effects": "a dry mouth"},
        {"do": "next", "suicidal_thoughts": "0"},
    ):
        assert page.text.count("<h1>") == 1
        page = await say(http, address, page, **said)
        assert told(house) == []

    page = await say(http, address, page, do="next", text="the <b>garden</b>")

    assert "your entry is with us" in page.text
    command = house.desk.told[0][1]
    assert isinstance(command, WriteJournal)
    assert (command.mood, command.sleep, command.energy) == (4, None, 6)
    assert (command.side_effects, command.text) == ("a dry mouth", "the <b>garden</b>")
    assert "You can write again tomorrow" in (await inside(http, address)).text


async def test_thoughts_of_death_are_sent_at_once_and_answered_with_whom_to_call(
    http: httpx.AsyncClient, house: House
) -> None:
    address = f"/l/{await house.token(JOURNAL)}"
    page = await inside(http, address)
    for said in ({"do": "skip"}, {"do": "skip"}, {"do": "skip"}, {"do": "next"}):
        page = await say(http, address, page, **said)
    assert "do not wait for us" in page.text

    page = await say(http, address, page, do="next", suicidal_thoughts="2")

    assert "Somebody of your clinic is told of it now" in page.text
    command = house.desk.told[0][1]
    assert isinstance(command, WriteJournal)
    assert command.suicidal_thoughts == 2


async def test_a_danger_that_nobody_has_answered_to_yet_is_not_called_heard(
    http: httpx.AsyncClient, house: House
) -> None:
    address = f"/l/{await house.token(JOURNAL)}"
    proof = carried(await inside(http, address))["proof"]
    house.desk.trouble = NotYetAnswered(JOURNEY, JOURNEY, "k")
    said = {"step": "suicidal_thoughts", "suicidal_thoughts": "3", "do": "next", "proof": proof}

    page = await http.post(address, data=said)

    assert "Please do not wait for us" in page.text
    assert "will call you" not in page.text


async def test_behind_a_press_that_nobody_answered_the_patient_is_asked_to_press_again_or_call(
    http: httpx.AsyncClient, house: House
) -> None:
    address = f"/l/{await house.token(JOURNAL)}"
    proof = carried(await inside(http, address))["proof"]
    await died(house, LinkUse.WRITE)
    said = {"step": "text", "text": "the garden", "suicidal_thoughts": "0", "proof": proof}

    unsure = await http.post(address, data={**said, "do": "next"})
    house.now += HELD_FOR
    done = await say(http, address, unsure, do="next", text="the garden")

    assert unsure.status_code == 503
    assert "Not known yet" in unsure.text
    assert "need not press" not in unsure.text
    assert "the garden</textarea>" in unsure.text
    assert "your entry is with us" in done.text
    assert told(house) == ["write_journal"]


async def test_a_danger_that_could_not_be_sent_is_answered_with_whom_to_call_and_kept_in_the_form(
    http: httpx.AsyncClient, house: House
) -> None:
    address = f"/l/{await house.token(JOURNAL)}"
    proof = carried(await inside(http, address))["proof"]
    calm = {"step": "text", "suicidal_thoughts": "0", "do": "next", "proof": proof}
    await http.post(address, data=calm)
    danger = {**calm, "step": "suicidal_thoughts", "suicidal_thoughts": "3"}
    house.desk.trouble = Unavailable()

    away = await http.post(address, data=danger)
    house.desk.trouble = None
    heard = await say(http, address, away, do="next", suicidal_thoughts="3")

    assert away.status_code == 503
    assert "do not wait for us: call or text 988" in away.text.partition("<fieldset")[0]
    assert 'value="3" checked' in away.text
    assert "Somebody of your clinic is told of it now" in heard.text
    assert told(house) == ["write_journal", "write_journal"]


@pytest.mark.parametrize("wish", [CONSENT, HOME, JOURNAL])
async def test_what_nobody_has_answered_is_called_received_and_not_confirmed(
    http: httpx.AsyncClient, house: House, wish: LinkWish
) -> None:
    address = f"/l/{await house.token(wish)}"
    page = await inside(http, address)
    house.desk.trouble = NotYetAnswered(JOURNEY, JOURNEY, "k")
    said = {"do": "sign", "signer": "Ottoline"} if wish is CONSENT else {"do": "home_safe"}
    if wish is JOURNAL:
        said = {"do": "next", "step": "text", "text": "rain", "suicidal_thoughts": "0"}

    answer = await say(http, address, page, **said)

    assert "We have received it" in answer.text
    assert "It is not confirmed yet" in answer.text
    assert "need not press" not in answer.text


async def test_pressed_twice_at_once_both_see_what_counts(
    http: httpx.AsyncClient, house: House
) -> None:
    address = f"/l/{await house.token(CONSENT)}"
    page = await inside(http, address)

    answers = await asyncio.gather(
        *(say(http, address, page, do="sign", signer="Ottoline") for _ in range(2))
    )

    assert all("You have signed" in answer.text for answer in answers)
    assert told(house) == ["sign_consent"]


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("mood", {"mood": "11"}),
        ("mood", {"mood": "-1"}),
        ("mood", {}),
        ("suicidal_thoughts", {}),
        ("suicidal_thoughts", {"do": "skip"}),
        ("suicidal_thoughts", {"suicidal_thoughts": "4"}),
        ("text", {"text": "x"}),
        ("text", {"text": "x" * 2_001, "suicidal_thoughts": "0"}),
        ("text", {"text": "x", "suicidal_thoughts": "0", "mood": "²"}),
    ],
)
async def test_an_answer_that_no_question_has_is_not_sent(
    http: httpx.AsyncClient, house: House, step: str, said: dict[str, str]
) -> None:
    address = f"/l/{await house.token(JOURNAL)}"
    proof = carried(await inside(http, address))["proof"]

    answer = await http.post(address, data={"do": "next", **said, "step": step, "proof": proof})

    assert answer.status_code == 422
    assert told(house) == []


async def test_when_the_clinic_cannot_be_reached_what_was_written_is_kept_in_the_form(
    http: httpx.AsyncClient, house: House
) -> None:
    address = f"/l/{await house.token(JOURNAL)}"
    proof = carried(await inside(http, address))["proof"]
    house.desk.trouble = Unavailable()
    said = {"step": "text", "text": "the garden", "suicidal_thoughts": "0", "mood": "3"}

    away = await http.post(address, data={**said, "do": "next", "proof": proof})
    house.desk.trouble = None
    done = await say(http, address, away, do="next", text="the garden")

    assert away.status_code == 503
    assert "the garden" in away.text
    assert "your entry is with us" in done.text
    assert told(house) == ["write_journal"]


async def test_whoever_took_their_time_says_the_birth_date_again_and_loses_no_word(
    http: httpx.AsyncClient, house: House
) -> None:
    address = f"/l/{await house.token(JOURNAL)}"
    proof = carried(await inside(http, address))["proof"]
    said = {"step": "text", "text": "the garden", "suicidal_thoughts": "0", "mood": "3"}
    house.now += timedelta(minutes=31)

    asked = await http.post(address, data={**said, "do": "next", "proof": proof})
    page = await say(http, address, asked, **BIRTH)
    done = await say(http, address, page, do="next", text="the garden in March")

    assert asked.status_code == 403
    assert "the garden</textarea>" in page.text
    assert "your entry is with us" in done.text
    entry = house.desk.told[0][1]
    assert isinstance(entry, WriteJournal)
    assert (entry.mood, entry.text) == (3, "the garden in March")


async def test_without_a_proof_of_its_own_a_dead_link_and_no_link_look_like_any_other(
    http: httpx.AsyncClient, house: House
) -> None:
    made = await house.made(JOURNAL)
    token, unknown = made.url.rpartition("/")[2], "north~" + "a" * 32
    await house.links.revoke(JOURNEY, made.link_id, ROMERO)

    answers = [
        (await http.post(f"/l/{one}", data={"proof": "1.0", "do": "withdraw"})).text.replace(
            one, ""
        )
        for one in (token, unknown)
    ]

    assert answers[0] == answers[1]


@pytest.mark.parametrize(
    ("trouble", "status", "words"),
    [
        (Unavailable(), 503, "Your wish counts all the same"),
        (Refused(Reason(code="no_consent", text="none")), 409, "There is no consent to take back"),
        (Refused(Reason(code="odd", text="an inner word")), 409, "This was not taken"),
        (NotYetAnswered(JOURNEY, JOURNEY, "k"), 200, "your word is enough"),
    ],
)
async def test_a_withdrawal_that_meets_trouble_is_never_left_without_a_word(
    http: httpx.AsyncClient, house: House, trouble: Exception, status: int, words: str
) -> None:
    address = f"/l/{await house.token(CONSENT)}"
    page = await inside(http, address)
    house.desk.trouble = trouble

    answer = await say(http, address, page, do="withdraw")

    assert answer.status_code == status
    assert words in answer.text
    assert "an inner word" not in answer.text
    assert all(number in answer.text for number in NUMBERS)


@pytest.mark.parametrize("signed", [True, False])
async def test_a_withdrawal_that_could_not_be_confirmed_is_not_told_that_nothing_is_in_force(
    http: httpx.AsyncClient, house: House, signed: bool
) -> None:
    address = f"/l/{await house.token(CONSENT)}"
    page = await inside(http, address)
    if signed:
        page = await say(http, address, page, do="sign", signer="Ottoline Thistlewood")
    else:
        await died(house, LinkUse.SIGN)
    house.desk.signed = False
    house.now += timedelta(seconds=1)

    answer = await say(http, address, page, do="withdraw")

    assert answer.status_code == 503
    assert "We could not confirm that your consent is taken back" in answer.text
    assert "Nothing that you signed is in force" not in answer.text
    assert "I take back my consent" in answer.text
    assert all(number in answer.text for number in NUMBERS)


async def test_the_patients_own_language_comes_first_and_another_is_one_press_away(
    http: httpx.AsyncClient, house: House
) -> None:
    house.known.spoken = "es-MX"
    address = f"/l/{await house.token(HOME)}"

    door = await http.get(address, headers={"Accept-Language": "en"})
    english = await say(http, address, door, switch="en")
    page = await http.post(address, data={**BIRTH, "language": "en"})
    spanish = await say(http, address, page, switch="es")

    assert "Su fecha de nacimiento" in door.text
    assert "Your birth date" in english.text
    assert "Are you home safe?" in page.text
    assert "¿Ha llegado bien a casa?" in spanish.text
    assert told(house) == []


async def test_while_the_record_is_away_the_numbers_to_call_stay(
    http: httpx.AsyncClient, house: House
) -> None:
    address = f"/l/{await house.token(HOME)}"
    await house.pool.close()

    page = await http.get(address)
    answer = await http.post(address, data=BIRTH)

    assert (page.status_code, answer.status_code) == (200, 503)
    for shown in (page.text, answer.text):
        assert all(number in shown for number in NUMBERS)


async def test_no_log_line_and_no_metric_has_a_token_or_a_birth_date(
    http: httpx.AsyncClient, door: Door, house: House
) -> None:
    token = await house.token(CONSENT)
    with capture_logs() as lines:
        page = await inside(http, f"/l/{token}")
        await say(http, f"/l/{token}", page, do="sign", signer="Ottoline Thistlewood")
        await http.post(f"/l/{token}", data=NOT_BORN)

    written = f"{lines} {(await door.http.get('/metrics')).text}"
    assert "/l/{token}" in written
    assert token.rpartition("~")[2] not in written
    assert not any(word in written for word in ("Thistlewood", "1984"))
