"""The bedside before a fake front desk: what is asked of whom, and what becomes of it."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from clinical import vital_rules
from console.bedside_fields import FORMS
from console.languages import translations
from console.words import in_words
from schemas.base import Reason, Role
from schemas.infusion import (
    Criterion,
    Missing,
    ReadingDecision,
    RecordVitals,
    SafetyOrder,
    SessionPhase,
    StartDosing,
    StopDosing,
    VitalsAction,
)
from service.errors import NotYetAnswered, Refused, Unavailable
from tests.api.conftest import Door, door, open_door, settings
from tests.api.fake_record import NORTH_JOURNEY
from tests.console.front_desk import NURSE, PATIENT, SESSION, FrontDesk, a_receipt, a_view

__all__ = ["door", "open_door", "settings"]

RULES = Path(vital_rules.__file__)
PAGE = f"/sessions/{SESSION}"


@pytest.fixture
async def desk(door: Door) -> FrontDesk:
    """A nurse at the console, and a dose that is being given."""
    console = FrontDesk(door)
    console.open()
    console.says(a_view())
    await console.sign_in(Role.NURSE)
    return console


def forms_on(text: str) -> set[str]:
    return set(re.findall(r'id="form-([a-z-]+?)(?:-order-\d+)?"', text))


async def test_the_patient_is_named_once_with_the_training_mark(desk: FrontDesk) -> None:
    page = await desk.get(PAGE)

    assert page.text.count(PATIENT) == 1
    assert "TRAINING - about nobody real" in page.text


@pytest.mark.parametrize("phase", list(SessionPhase))
async def test_nothing_is_filled_in_before_somebody_enters_it(
    desk: FrontDesk, phase: SessionPhase
) -> None:
    desk.says(a_view(phase))

    page = await desk.get(PAGE)

    text = page.text
    assert page.status_code == 200
    shown = re.findall(r"<input(?![^>]*type=\"(?:hidden|radio|checkbox)\")[^>]*>", text)
    assert all('value=""' in field for field in shown)
    assert not re.search(r"<input[^>]* checked", text)
    assert not re.search(
        r'<select id="(?!.*look)[^"]*"[^>]*>(?:(?!</select>).)*selected', text, re.S
    )
    assert "<textarea" not in text or re.findall(r"<textarea[^>]*></textarea>", text)


@pytest.mark.parametrize(
    ("role", "phase", "shown", "hidden"),
    [
        (Role.NURSE, SessionPhase.DOSING, {"vitals", "pause", "stop", "end"}, {"resume", "order"}),
        (Role.NURSE, SessionPhase.PAUSED, {"vitals", "stop", "end"}, {"resume", "pause"}),
        (Role.PRESCRIBER, SessionPhase.PAUSED, {"resume", "stop"}, {"pause"}),
        (Role.PRESCRIBER, SessionPhase.PRE_CHECK, {"order", "supply", "start"}, {"check-in"}),
        (Role.NURSE, SessionPhase.PRE_CHECK, {"supply", "start", "vitals"}, {"order"}),
        (Role.CARE_COORDINATOR, SessionPhase.DOSING, {"stop"}, {"vitals", "pause", "end"}),
        (Role.NURSE, SessionPhase.BOOKED, {"check-in"}, {"vitals", "stop", "discharge"}),
        (Role.NURSE, SessionPhase.POST_OBS, {"discharge", "leave", "waste"}, {"stop", "pause"}),
        (Role.OPS, SessionPhase.DOSING, set(), {"vitals", "stop", "pause"}),
        (Role.NURSE, SessionPhase.DISCHARGED, set(), set(FORMS)),
    ],
)
async def test_role_and_phase_decide_which_controls_are_shown(
    desk: FrontDesk, role: Role, phase: SessionPhase, shown: set[str], hidden: set[str]
) -> None:
    await desk.sign_in(role)
    desk.says(a_view(phase))

    found = forms_on((await desk.get(PAGE)).text)

    assert shown <= found
    assert not hidden & found


async def test_a_stop_needs_one_press_and_nothing_else(desk: FrontDesk) -> None:
    desk.answers(a_receipt(SessionPhase.POST_OBS))

    answer = await desk.give("stop", command_id="press-1", reason="stopped at the bedside")

    ((session, kind, command),) = desk.told
    assert (session, kind) == (SESSION, "stop_dosing")
    assert isinstance(command, StopDosing)
    assert (command.command_id, command.actor) == ("press-1", NURSE)
    assert answer.status_code == 200


async def test_the_speaker_is_whoever_signed_in_whatever_the_form_says(desk: FrontDesk) -> None:
    desk.answers(a_receipt())

    await desk.give("pause", reason="nausea", actor="dr-evil", actor__id="dr-evil")

    assert desk.told[0][2].actor == NURSE


async def test_every_form_carries_a_key_of_its_own(desk: FrontDesk) -> None:
    text = (await desk.get(PAGE)).text

    keys = re.findall(r'name="command_id" value="([^"]+)"', text)
    assert len(keys) == len(set(keys)) >= 4


@pytest.mark.parametrize(
    ("action", "words"),
    [
        (VitalsAction.CONTINUE, "Go on"),
        (VitalsAction.REPEAT, "Read again"),
        (VitalsAction.SLOW, "Slow the infusion"),
        (VitalsAction.PAUSE, "PAUSE"),
        (VitalsAction.STOP, "STOP the dose"),
        (VitalsAction.CALL, "CALL"),
    ],
)
async def test_the_answer_to_a_reading_is_large_and_in_words(
    desk: FrontDesk, action: VitalsAction, words: str
) -> None:
    reason = Reason(code="pressure_high", text="Pressure above the limit.", fact="186/106 mmHg")
    decision = ReadingDecision(
        action=action, repeat_in_min=3, call=("prescriber",), reasons=(reason,)
    )
    desk.answers(a_receipt(decision=decision))

    answer = await desk.give("vitals", vitals__systolic_mmhg="186", vitals__diastolic_mmhg="106")

    assert f'<p class="large">{words}</p>' in answer.text
    assert "Read again in 3 min" in answer.text
    assert "Call: Prescriber" in answer.text
    assert "Pressure above the limit. (186/106 mmHg)" in answer.text


async def test_a_quiet_reading_says_nothing_of_going_on_while_the_dose_is_held(
    desk: FrontDesk,
) -> None:
    held = Reason(code="pressure_block", text="Blood pressure too high twice.")
    quiet = ReadingDecision(action=VitalsAction.CONTINUE)
    desk.answers(a_receipt(SessionPhase.PRE_CHECK, decision=quiet, missing=(held,)))

    answer = await desk.give("vitals", vitals__systolic_mmhg="138", vitals__diastolic_mmhg="88")

    assert "Go on" not in answer.text
    assert "1 thing missing before the dose" in answer.text


async def test_a_refusal_is_said_in_words_and_what_was_typed_stays(desk: FrontDesk) -> None:
    desk.says(a_view(SessionPhase.PAUSED))
    await desk.sign_in(Role.PRESCRIBER)
    desk.answers(Refused(Reason(code="pressure_still_high", text="Blood pressure is too high.")))

    answer = await desk.give("resume", reason="looks calm to me")

    assert answer.status_code == 409
    assert "Refused: nothing has changed" in answer.text
    assert "Blood pressure is too high." in answer.text
    assert 'value="looks calm to me"' in answer.text


async def test_a_value_beyond_its_limits_is_named_and_nothing_is_sent(desk: FrontDesk) -> None:
    answer = await desk.give("vitals", vitals__systolic_mmhg="1260", vitals__diastolic_mmhg="80")

    assert answer.status_code == 422
    assert "Systolic pressure: between 40 and 300" in answer.text
    assert 'value="1260"' in answer.text
    assert desk.told == []


async def test_an_empty_reading_is_no_reading(desk: FrontDesk) -> None:
    answer = await desk.give("vitals")

    assert answer.status_code == 422
    assert desk.told == []


async def test_a_start_that_nobody_answered_is_not_promised_for_later(desk: FrontDesk) -> None:
    desk.says(a_view(SessionPhase.READY))
    desk.answers(NotYetAnswered(SESSION, SESSION, "k"))

    answer = await desk.give("start", lot__lot="KET-2231", lot__product="ketamine", drawn_mg="35")

    assert "Do not start" in answer.text
    assert 'value="KET-2231"' in answer.text


async def test_an_engine_that_is_away_is_said_plainly(desk: FrontDesk) -> None:
    desk.answers(Unavailable())

    answer = await desk.give("pause", reason="nausea")

    assert answer.status_code == 503
    assert "Not taken: the engine cannot be reached" in answer.text


async def test_without_the_engines_word_the_record_is_shown_and_readings_may_wait(
    desk: FrontDesk,
) -> None:
    desk.says(None)

    page = await desk.get(PAGE)

    assert "this is what is on record" in page.text
    assert "vitals" in forms_on(page.text)


async def test_a_start_says_the_lot_that_was_read_today(desk: FrontDesk) -> None:
    desk.says(a_view(SessionPhase.READY))
    desk.answers(a_receipt())

    answer = await desk.give(
        "start", lot__lot="KET-2231", lot__expires_on="2027-05-01", lot__product="ketamine",
        drawn_mg="35,5",
    )  # fmt: skip

    command = desk.told[0][2]
    assert isinstance(command, StartDosing)
    assert command.lot is not None
    assert (command.lot.lot, command.drawn_mg) == ("KET-2231", 35.5)
    assert "The dose may start now" in answer.text


async def test_hours_are_the_clinics_own_and_an_unanswered_question_is_never_a_yes(
    desk: FrontDesk,
) -> None:
    desk.says(a_view(SessionPhase.BOOKED))
    desk.answers(a_receipt(SessionPhase.PRE_CHECK))

    await desk.give("check-in", intoxicated="no", last_solids_at="2026-12-03T06:30")

    said = desk.told[0][2].model_dump()
    assert said["last_solids_at"] == datetime(2026, 12, 3, 11, 30, tzinfo=UTC)
    assert (said["identity_confirmed"], said["monitor_checked"]) == (False, False)
    assert said["escort"] is None


async def test_edge_41_the_scale_of_the_day_is_entered_answer_by_answer(desk: FrontDesk) -> None:
    desk.says(a_view(SessionPhase.BOOKED))
    desk.answers(a_receipt(SessionPhase.PRE_CHECK))
    page = (await desk.get(PAGE)).text
    answers = {f"mood_scale.{n}": str(n % 3) for n in range(1, 9)}

    await desk.give("check-in", intoxicated="no", **answers)

    assert "9. Better off dead, or hurting oneself" in page
    scale = desk.told[0][2].model_dump()["mood_scale"]
    assert scale["items"] == (1, 2, 0, 1, 2, 0, 1, 2, None), "a gap stays a gap, never a zero"
    assert scale["instrument"] == "phq9"


async def test_whether_somebody_is_sober_has_to_be_said(desk: FrontDesk) -> None:
    desk.says(a_view(SessionPhase.BOOKED))

    answer = await desk.give("check-in", identity_confirmed="yes")

    assert "Intoxicated, or a positive drug screen: is needed" in answer.text
    assert desk.told == []


async def test_before_the_dose_what_is_missing_stands_with_who_supplies_it(desk: FrontDesk) -> None:
    missing = Missing(code="order_missing", text="An order of today.", supplied_by=Role.PRESCRIBER)
    desk.says(a_view(SessionPhase.PRE_CHECK, missing=(missing,)))

    text = (await desk.get(PAGE)).text

    assert "An order of today." in text
    assert re.search(r"from Prescriber", text)
    assert re.search(r'<button class="primary" disabled>Ask leave to start', text)


async def test_discharge_is_visible_disabled_and_lists_what_is_missing(desk: FrontDesk) -> None:
    unmet = (
        Criterion(code="observation_time", met=False, text="Observed for at least 60 min."),
        Criterion(code="oxygen", met=False, text="SpO2 at least 92 %.", value="90 %"),
    )
    opens_at = datetime.now(UTC) + timedelta(minutes=30)  # noqa: TID251
    desk.says(a_view(SessionPhase.POST_OBS, discharge_missing=unmet, review_opens_at=opens_at))

    text = (await desk.get(PAGE)).text

    gate = text[text.index('id="discharge-gate"') :]
    assert "SpO2 at least 92 %." in gate
    assert re.search(r'<button class="primary" disabled>Discharge', gate)
    assert "form-leave" in text

    desk.says(a_view(SessionPhase.DISCHARGE_REVIEW, discharge_missing=()))
    assert '<button class="primary">Discharge' in (await desk.get(PAGE)).text


async def test_an_ambulance_waits_for_no_criterion(desk: FrontDesk) -> None:
    desk.says(a_view(SessionPhase.POST_OBS))
    desk.answers(a_receipt(SessionPhase.TRANSFERRED))

    await desk.give("leave", transferred_to="General Hospital")

    said = desk.told[0][2].model_dump()
    assert said["transferred_to"] == "General Hospital"
    assert (said["orientation"], said["escort_present"]) == (None, False)


async def test_an_order_of_the_engine_is_acknowledged_by_its_number(desk: FrontDesk) -> None:
    order = SafetyOrder(
        order_id="order-1", action=VitalsAction.PAUSE, reason="pressure_high", to=NURSE,
        given_at=datetime(2026, 12, 3, 15, tzinfo=UTC),
    )  # fmt: skip
    desk.says(a_view(SessionPhase.PAUSED, orders=(order,)))
    page = await desk.get(PAGE)
    desk.answers(a_receipt(SessionPhase.PAUSED))

    await desk.give("acknowledgement", order_id="order-1")

    assert "The engine orders: Pause" in page.text
    assert desk.told[0][2].model_dump()["order_id"] == "order-1"


async def test_another_sites_form_is_refused(desk: FrontDesk) -> None:
    for name in ("stop", "readings"):
        answer = await desk.door.http.post(
            f"/console/sessions/{SESSION}/{name}", headers={"Origin": "https://evil.example"}
        )
        assert answer.status_code == 403
    assert desk.told == []


async def test_another_clinics_day_is_not_there(desk: FrontDesk) -> None:
    token = desk.door.bearer(Role.NURSE, clinics=("south",))["Authorization"]
    await desk.door.http.post("/console/sign-in", data={"token": token.removeprefix("Bearer ")})

    assert (await desk.get(PAGE)).status_code == 404
    assert (await desk.give("stop")).status_code == 404


async def test_hostile_text_stays_text(desk: FrontDesk) -> None:
    desk.answers(Refused(Reason(code="no", text="<img src=x>")))

    answer = await desk.give("pause", reason='"><script>alert(1)</script>')

    assert "<script>alert" not in answer.text
    assert "<img" not in answer.text


async def test_a_dose_is_stopped_also_while_the_record_is_away(desk: FrontDesk) -> None:
    desk.rows.away = True
    desk.door.commands.clinics[NORTH_JOURNEY] = "north"
    desk.answers(a_receipt(SessionPhase.POST_OBS))

    answer = await desk.give("stop", reason="stopped at the bedside")

    assert answer.status_code == 200
    assert "go by the wristband" in answer.text
    assert [kind for _, kind, _ in desk.told] == ["stop_dosing"]

    desk.door.commands.clinics[NORTH_JOURNEY] = "south"
    assert (await desk.give("stop")).status_code == 404


# -- readings that waited on a device -----------------------------------------------------------


def a_reading(**more: object) -> dict[str, object]:
    at = datetime(2026, 1, 1, 9, 0, tzinfo=UTC)
    fields = {"vitals.systolic_mmhg": ["128"], "vitals.diastolic_mmhg": ["82"]}
    return {
        "command_id": "device-1",
        "taken_at": at.isoformat(),
        "sent_at": (at + timedelta(minutes=7)).isoformat(),
        "fields": fields,
        **more,
    }


async def send(desk: FrontDesk, content: object) -> object:
    return await desk.door.http.post(f"/console/sessions/{SESSION}/readings", json=content)


async def test_a_reading_keeps_its_key_and_its_age_whatever_the_devices_clock_shows(
    desk: FrontDesk,
) -> None:
    ahead = timedelta(days=9)
    desk.says(a_view(clock_offset_s=ahead.total_seconds()))
    desk.answers(a_receipt(decision=ReadingDecision(action=VitalsAction.CONTINUE)))

    answer = await send(desk, a_reading())

    command = desk.told[0][2]
    assert isinstance(command, RecordVitals)
    assert command.command_id == "device-1"
    assert command.vitals.taken_at is not None
    expected = datetime.now(UTC) + ahead - timedelta(minutes=7)  # noqa: TID251
    assert abs(command.vitals.taken_at - expected) < timedelta(seconds=20)
    assert answer.json()["status"] == "taken"
    assert "Go on" in answer.json()["answer"]


async def test_a_reading_refused_later_comes_back_with_its_reasons(desk: FrontDesk) -> None:
    desk.answers(Refused(Reason(code="session_closed", text="this session has ended")))

    answer = await send(desk, a_reading())

    assert answer.status_code == 409
    assert answer.json()["status"] == "refused"
    assert "this session has ended" in answer.json()["answer"]


@pytest.mark.parametrize(
    ("trouble", "status"), [(Unavailable(), 503), (NotYetAnswered(SESSION, SESSION, "k"), 202)]
)
async def test_a_device_hears_whether_to_send_a_reading_again(
    desk: FrontDesk, trouble: Exception, status: int
) -> None:
    desk.answers(trouble)

    assert (await send(desk, a_reading())).status_code == status


async def test_whoever_is_signed_out_keeps_the_reading_and_hears_why(desk: FrontDesk) -> None:
    await desk.door.http.post("/console/sign-out")

    answer = await send(desk, a_reading())

    assert (answer.status_code, answer.json()["status"]) == (401, "signed_out")


@pytest.mark.parametrize(
    "content",
    [[], {}, a_reading(actor="dr-evil"), a_reading(fields={"x": "y"}), {"a": "b" * 20_000}],
)
async def test_what_is_no_reading_is_refused_and_changes_nothing(
    desk: FrontDesk, content: object
) -> None:
    assert (await send(desk, content)).status_code == 400
    assert desk.told == []


def test_every_code_of_the_bedside_has_a_spanish_word() -> None:
    catalog = translations("es")
    options = {code for form in FORMS.values() for field in form.fields for code in field.options}
    actions = {action.value for action in VitalsAction}
    reasons = set(re.findall(r'VitalsAction\.(?:STOP|PAUSE), "(\w+)"', RULES.read_text()))
    codes = options | actions | reasons | {"emergency_services", "readings_missed"}

    said = {code: in_words(code) for code in codes if not code.isdigit()}

    same = {"No", "Esketamine"}
    assert {w for w in said.values() if catalog.gettext(w) == w and w not in same} == set()
