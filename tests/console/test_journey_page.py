"""The page of one journey: where it stands, what happened, who did it and why."""

import re
from datetime import timedelta
from enum import Enum
from pathlib import Path

import pytest

from clinical.response import ResponseLevel
from clinical.risk_levels import RiskLevel
from console.languages import translations
from console.words import in_words
from schemas.aftercare import ContactWay, Party
from schemas.approval import Choice
from schemas.base import Actor, Role
from schemas.event import EventKind
from schemas.infusion import DoseOutcome, VitalsAction
from schemas.notification import Channel, DeliveryStatus
from schemas.reevaluation import Course, Tolerability
from tests.console.paper_journey import (
    BEGAN,
    FIRST_DOSE,
    MARIGOLD,
    NURSE,
    Paper,
    Rooms,
    open_rooms,
    paper,
    rooms,
)

__all__ = ["open_rooms", "paper", "rooms"]

PAGE = f"/journeys/{MARIGOLD}"
TEMPLATES = Path(__file__).parents[2] / "gateways" / "templates" / "en"
SAME = {"SMS"}


async def test_a_hold_names_its_reason_its_owner_and_the_date_of_its_review(
    rooms: Rooms, paper: Paper
) -> None:
    await paper.begin(phase="ON_HOLD", hold_reason="clinical")
    await paper.note(
        *(EventKind.HOLD_ENTERED, FIRST_DOSE, NURSE),
        reason_code="clinical",
        reason="fever since Tuesday",
        owner="medical_screener",
        since=FIRST_DOSE.isoformat(),
        review_at=(FIRST_DOSE + timedelta(days=7)).isoformat(),
    )
    rooms.sign_in(Role.NURSE)

    text = (await rooms.page(PAGE)).text

    assert "fever since Tuesday" in text
    assert "Medical screener" in text
    assert "Mon 28 Sep 2026" in text


async def test_every_fact_says_who_and_why_in_words_and_never_in_raw_data(
    rooms: Rooms, paper: Paper
) -> None:
    await paper.begin()
    await paper.score("phq9", (21, -1))
    vitals = {"systolic_mmhg": 186, "diastolic_mmhg": 106, "spo2_percent": 96}
    reasons = [{"code": "bp_high", "text": "Confirmed pressure at or above 180/100"}]
    await paper.note(
        *(EventKind.VITALS_BREACHED, FIRST_DOSE, NURSE),
        day="-infusion-1",
        vitals=vitals,
        decision={"action": "pause", "reasons": reasons},
    )
    await paper.note(
        *(EventKind.CONSENT_WITHDRAWN, FIRST_DOSE, NURSE), reason="wants to wait until spring"
    )
    rooms.sign_in(Role.NURSE)

    text = (await rooms.page(PAGE)).text

    assert "PHQ-9 21" in text
    assert "186/106 mmHg" in text
    assert "Confirmed pressure at or above 180/100" in text
    assert "wants to wait until spring" in text
    assert "rn-abara (Nurse)" in text
    assert "systolic_mmhg" not in text
    assert "{" not in re.sub(r"<meta.*?>", "", text)


@pytest.mark.parametrize(
    ("told", "seen", "unseen"),
    [
        ("people", "Journal written", "Phase entered"),
        ("machine", "Phase entered", "Journal written"),
        ("safety", "Suicide risk raised", "Journal written"),
        ("all", "Journal written", "nothing at all"),
        ("nonsense", "Journal written", "nothing at all"),
    ],
)
async def test_a_timeline_is_of_people_of_the_machine_or_of_safety(
    rooms: Rooms, paper: Paper, told: str, seen: str, unseen: str
) -> None:
    await paper.begin()
    await paper.note(EventKind.SUICIDE_RISK_RAISED, FIRST_DOSE, level="high", reasons=["item_9"])
    rooms.sign_in(Role.NURSE)

    _, _, timeline = (await rooms.page(f"{PAGE}?told={told}")).text.partition('id="timeline"')

    assert seen in timeline
    assert unseen not in timeline


async def test_a_long_timeline_comes_in_pages_the_newest_first(rooms: Rooms, paper: Paper) -> None:
    await paper.begin()
    await paper.journal(*(f"entry {number} of spring" for number in range(203)))
    rooms.sign_in(Role.NURSE)

    newest = (await rooms.page(PAGE)).text
    older = re.search(r'href="/console(/journeys/[^"]*cursor=\d+)', newest)
    assert older is not None
    oldest = (await rooms.page(older[1].replace("&amp;", "&"))).text

    assert newest.count("<time ") == 200
    assert "entry 202 of spring" in newest
    assert "entry 2 of spring" not in newest
    assert "entry 2 of spring" in oldest
    assert "Journey started" in oldest
    assert (await rooms.page(f"{PAGE}?cursor=-1")).status_code == 404


async def test_the_plot_of_scores_stands_beside_the_same_table(rooms: Rooms, paper: Paper) -> None:
    await paper.begin()
    await paper.score("phq9", (22, -2), (15, 8), (4, 22))
    await paper.score("madrs", (34, -2))
    await paper.treat(0, 3, 7)
    rooms.sign_in(Role.NURSE)

    text = (await rooms.page(PAGE)).text

    assert text.count("<svg") == 2
    assert text.count('class="dosed"') == 6
    assert "<title" in text
    rows = re.findall(r'<td class="number">(\d+|-)</td><td>(score|treatment day)</td>', text)
    assert rows[:6] == [
        *[("22", "score"), ("-", "treatment day"), ("-", "treatment day"), ("-", "treatment day")],
        *[("15", "score"), ("4", "score")],
    ]
    assert "style=" not in text


async def test_adverse_events_say_whether_somebody_must_still_be_told(
    rooms: Rooms, paper: Paper
) -> None:
    await paper.begin()
    event = {"code": "syncope", "grade": 3, "serious": True, "description": "fainted at the lift"}
    opened = {"event_id": "ae-1", "version": 1, "known_at": FIRST_DOSE.isoformat(), "event": event}
    await paper.note(
        EventKind.ADVERSE_EVENT_OPENED, FIRST_DOSE, **opened, deadlines=[{"to": "director"}]
    )
    rooms.sign_in(Role.NURSE)
    owed = (await rooms.page(PAGE)).text

    await paper.note(EventKind.ADVERSE_EVENT_SIGNED_OFF, FIRST_DOSE, event_id="ae-1", version=1)
    done = (await rooms.page(PAGE)).text

    assert "fainted at the lift" in owed
    assert "reports are owed" in owed
    assert "nothing owed" in done


async def test_what_came_from_another_clinic_stays_in_sight_with_its_source(
    rooms: Rooms, paper: Paper
) -> None:
    await paper.begin()
    at = (BEGAN - timedelta(days=30)).isoformat()
    await paper.note(
        EventKind.HISTORY_CARRIED,
        BEGAN,
        source="Harbour Lane Clinic",
        doses=[{"modality": "iv_ketamine", "number": 3, "dosed_at": at, "delivered_mg": 35}],
        scores=[{"instrument": "phq9", "total": 18, "taken_at": at}],
        adverse_events=[{"code": "cystitis", "at": at, "description": "settled by itself"}],
    )
    rooms.sign_in(Role.NURSE)

    text = (await rooms.page(PAGE)).text

    assert "Harbour Lane Clinic" in text
    assert "settled by itself" in text
    assert 'class="score elsewhere"' in text


async def test_messages_show_what_became_of_them_and_neither_words_nor_address(
    rooms: Rooms, paper: Paper
) -> None:
    await paper.begin()
    await paper.pool.execute(
        "INSERT INTO notifications (workflow_id, occurrence, journey_id, clinic, template, channel,"
        " kind, address, status) VALUES ($1, 'o-1', $1, 'north', 'home_safe', 'sms', 'action',"
        " '+15550100', 'undeliverable')",
        MARIGOLD,
    )
    rooms.sign_in(Role.NURSE)

    text = (await rooms.page(PAGE)).text

    assert "Home safe" in text
    assert "Undeliverable" in text
    assert "+15550100" not in text


async def test_a_decision_is_printed_with_who_in_which_role_when_and_what_it_meant(
    rooms: Rooms, paper: Paper
) -> None:
    await paper.begin()
    await paper.ask()
    await paper.decided()
    rooms.sign_in(Role.NURSE)

    _, _, text = (await rooms.page(PAGE)).text.partition('id="decisions"')

    assert "Reevaluation: decide how treatment goes on" in text
    assert "Approve (Taper)" in text
    assert "dr-quillfeather, Psychiatrist, Thu 15 Oct 2026, 09:00" in text
    assert "remission that held" in text


@pytest.mark.parametrize(
    ("role", "linked"),
    [(Role.OPS, True), (Role.MEDICAL_DIRECTOR, True), (Role.NURSE, False)],
)
async def test_the_engines_own_page_is_linked_for_those_who_may_alone(
    rooms: Rooms, paper: Paper, role: Role, linked: bool
) -> None:
    await paper.begin()
    rooms.sign_in(role)

    assert (f"workflows/{MARIGOLD}" in (await rooms.page(PAGE)).text) is linked


async def test_a_training_journey_bears_its_watermark_and_a_real_one_does_not(
    rooms: Rooms, paper: Paper
) -> None:
    await paper.begin(training=True)
    rooms.sign_in(Role.NURSE)

    assert "TRAINING - about nobody real" in (await rooms.page(PAGE)).text


async def test_another_clinics_journey_is_not_there(rooms: Rooms, paper: Paper) -> None:
    await paper.begin()
    rooms.sign_in(Role.NURSE, clinic="south")

    assert (await rooms.page(PAGE)).status_code == 404
    assert (await rooms.page(f"{PAGE}/packet")).status_code == 404


async def test_what_a_patient_wrote_cannot_become_markup(rooms: Rooms, paper: Paper) -> None:
    await paper.begin()
    patient = Actor(id="<b>x</b>", role=Role.PATIENT)
    await paper.note(EventKind.JOURNAL_WRITTEN, FIRST_DOSE, patient, note="<script>x</script>")
    rooms.sign_in(Role.NURSE)

    text = (await rooms.page(PAGE)).text

    assert "<script>x" not in text
    assert "<b>x" not in text


SHOWN: tuple[type[Enum], ...] = (
    *(Course, Tolerability, ResponseLevel, RiskLevel, DoseOutcome, VitalsAction),
    *(DeliveryStatus, Channel, Choice, Party, ContactWay),
)


def test_every_code_that_these_pages_show_is_said_in_spanish() -> None:
    codes = {str(code.value) for codes in SHOWN for code in codes}
    templates = {path.name.partition(".")[0] for path in TEMPLATES.iterdir()}
    spoken = translations("es")

    words = {in_words(code) for code in codes | {t for t in templates if t[0] != "_"} - {"words"}}

    assert sorted(w for w in words if spoken.gettext(w) == w and w not in SAME) == []
