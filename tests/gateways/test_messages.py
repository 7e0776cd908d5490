"""The words people are sent: nobody is named, every occasion has words, training is marked."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from jinja2 import meta
from structlog.testing import capture_logs

from gateways.message_facts import ALLOWED_FACTS, FactKind, read_words
from gateways.messages import (
    ALLOWED_VARIABLES,
    SMS_LIMIT,
    TEMPLATES,
    MessageTemplates,
    environment_for,
)
from schemas.approval import ApprovalKind, EntryKind
from schemas.base import Role
from schemas.journey import Phase
from schemas.notification import Channel, Message, Notification, SendNotifications
from schemas.screening import Modality

CODES = frozenset(
    {
        "task_opened",
        "task_reminder",
        "task_escalated",
        "session_booked",
        "session_reminder",
        "session_missed",
        "consent_withdrawn",
        "hold_entered",
        "journey_closed",
        "safety_alert",
        "vitals_missed",
        "presence_lapsed",
        "order_unanswered",
        "record_away",
        "dosing_paused",
        "dosing_stopped",
        "letter_to_provider",
        "suicide_resources",
        "referral_incomplete",
        "going_home",
        "home_safe",
        "journal_nudge",
        "spray_paused",
    }
)
JOURNEY = "journey-quetzal234567abcdefghijkl"
CANARIES = ("Wilhelmina", "Featherstonehaugh", "1961-03-14", "555-0142", "lithium")
FACTS = {
    "journey_id": JOURNEY,
    "after_hours_phone": "+1 555 0199",
    "task_id": f"{JOURNEY}~referral_triage~1",
    "task_kind": "referral_triage",
    "owed_to": "care_coordinator",
    "due_at": "2026-11-24T19:30:00+00:00",
    "next_at": "2026-11-24T18:30:00+00:00",
    "escalated": "2",
    "reminded": "1",
    "reminded_by": "care_coordinator",
    "phase": "MED_SCREEN",
    "hold_reason": "clinical",
    "review_on": "2026-12-01",
    "outcome": "completed",
    "session_id": f"{JOURNEY}-infusion-3",
    "session_number": "3",
    "modality": "iv_ketamine",
    "scheduled_at": "2026-11-24T19:30:00+00:00",
    "attempt": "1",
    "alert": "suicide_risk",
    "cause": "blood_pressure",
    "readings_missed": "2",
    "missing_count": "4",
    "drive_not_before": "2026-11-25T19:30:00+00:00",
}


@pytest.fixture(scope="module")
def templates() -> MessageTemplates:
    return MessageTemplates("https://console.north.example/console/")


def batch(*, training: bool = False, zone: str = "America/New_York") -> SendNotifications:
    return SendNotifications(
        workflow_id=JOURNEY,
        journey_id=JOURNEY,
        clinic="north",
        clinic_name="North Clinic",
        training=training,
        notifications=(),
        time_zone=zone,
        after_hours_phone="+1 555 0199",
    )


def compose(
    templates: MessageTemplates,
    template: str,
    facts: dict[str, str] | None = None,
    *,
    channel: Channel = Channel.EMAIL,
    to_staff: bool = True,
    training: bool = False,
    language: str = "en",
    zone: str = "America/New_York",
) -> Message:
    notification = Notification(
        occurrence="one",
        template=template,
        channel=channel,
        to_role=Role.NURSE if to_staff else None,
        facts=FACTS if facts is None else facts,
        language=language,
    )
    message = templates.compose(
        batch(training=training, zone=zone), notification, "<1@x>", "somebody@north.example"
    )
    assert message is not None
    return message


def every_form(
    templates: MessageTemplates, template: str, facts: dict[str, str]
) -> Iterator[Message]:
    for channel in Channel:
        for to_staff in (True, False):
            yield compose(templates, template, facts, channel=channel, to_staff=to_staff)


def test_the_list_of_facts_under_test_is_the_whole_list() -> None:
    assert set(FACTS) == set(ALLOWED_FACTS)


def test_every_occasion_has_words(templates: MessageTemplates) -> None:
    assert templates.codes == CODES


@pytest.mark.parametrize("template", sorted(CODES))
def test_nothing_a_person_typed_reaches_an_inbox(
    templates: MessageTemplates, template: str
) -> None:
    stuffed = {name: " ".join(CANARIES) for name in [*ALLOWED_FACTS, "patient_name", "title"]}
    single = dict.fromkeys([*ALLOWED_FACTS, "patient", "reason"], "Featherstonehaugh")

    for facts in (stuffed, single):
        for message in every_form(templates, template, facts):
            said = f"{message.subject} {message.text}"
            assert [c for c in CANARIES if c.casefold() in said.casefold()] == []


@pytest.mark.parametrize("path", sorted(TEMPLATES.rglob("*.j2")), ids=lambda p: p.name)
def test_a_template_names_only_what_the_allow_list_names(path: Path) -> None:
    tree = environment_for(TEMPLATES).parse(path.read_text("utf-8"))

    assert meta.find_undeclared_variables(tree) - ALLOWED_VARIABLES == set()


@pytest.mark.parametrize("template", sorted(CODES))
@pytest.mark.parametrize("facts", [FACTS, {}], ids=["with facts", "without facts"])
def test_every_message_reads_whole_with_all_facts_and_with_none(
    templates: MessageTemplates, template: str, facts: dict[str, str]
) -> None:
    for message in every_form(templates, template, facts):
        said = f"{message.subject}\n{message.text}"
        assert "None" not in said
        assert "{" not in said
        assert [gap for gap in ("()", " ,", " .", "  ", ": \n", "\n\n\n") if gap in said] == []


@pytest.mark.parametrize("template", sorted(CODES))
@pytest.mark.parametrize("to_staff", [True, False])
def test_a_text_message_is_short_and_one_line(
    templates: MessageTemplates, template: str, to_staff: bool
) -> None:
    message = compose(templates, template, channel=Channel.SMS, to_staff=to_staff, training=True)

    assert len(message.text) < SMS_LIMIT
    assert "\n" not in message.text
    assert "http" not in message.text


@pytest.mark.parametrize("template", sorted(CODES))
def test_training_is_marked_in_subject_and_text(templates: MessageTemplates, template: str) -> None:
    mail = compose(templates, template, training=True)
    real = compose(templates, template, training=False)

    assert mail.subject.startswith("[TRAINING]")
    assert mail.text.startswith("TRAINING.")
    assert compose(templates, template, channel=Channel.SMS, training=True).text.startswith(
        "TRAINING"
    )
    assert "TRAINING" not in f"{real.subject}{real.text}"


@pytest.mark.parametrize("template", ["session_booked", "session_reminder"])
def test_a_patient_reads_when_how_to_prepare_and_whom_to_call_but_not_for_what(
    templates: MessageTemplates, template: str
) -> None:
    message = compose(templates, template, to_staff=False)

    assert "Tuesday, November 24, 2026 at 2:30 PM EST" in message.text
    assert "Eat no solid food for 6 hours" in message.text
    assert "adult you trust must come" in message.text
    assert "+1 555 0199" in message.text
    for word in ("ketamine", "infusion", "spray", "depression", "http"):
        assert word not in f"{message.subject} {message.text}".casefold()


def test_the_nasal_spray_is_prepared_for_by_its_own_rule(templates: MessageTemplates) -> None:
    message = compose(
        templates, "session_booked", {**FACTS, "modality": "esketamine"}, to_staff=False
    )

    assert "Eat nothing for 2 hours" in message.text
    assert "solid" not in message.text


@pytest.mark.parametrize(
    ("instant", "read"),
    [
        ("2026-03-08T06:59:00+00:00", "Sunday, March 8, 2026 at 1:59 AM EST"),
        ("2026-03-08T07:00:00+00:00", "Sunday, March 8, 2026 at 3:00 AM EDT"),
        ("2026-11-01T05:30:00+00:00", "Sunday, November 1, 2026 at 1:30 AM EDT"),
        ("2026-11-01T06:30:00+00:00", "Sunday, November 1, 2026 at 1:30 AM EST"),
        ("2026-07-04T16:05:00Z", "Saturday, July 4, 2026 at 12:05 PM EDT"),
    ],
)
def test_a_moment_is_written_on_the_clinics_wall_also_when_clocks_change(
    templates: MessageTemplates, instant: str, read: str
) -> None:
    message = compose(templates, "session_booked", {"scheduled_at": instant}, to_staff=False)

    assert read in message.text


def test_a_moment_without_a_zone_is_left_out_rather_than_guessed(
    templates: MessageTemplates,
) -> None:
    message = compose(
        templates, "session_booked", {"scheduled_at": "2026-11-24T14:30:00"}, to_staff=False
    )

    assert "14:30" not in message.text
    assert "2:30" not in message.text


def test_the_zone_and_the_clinics_number_may_also_come_with_the_message(
    templates: MessageTemplates,
) -> None:
    facts = {
        "scheduled_at": "2026-11-24T19:30:00+00:00",
        "time_zone": "America/Los_Angeles",
        "after_hours_phone": "+1 555 0188",
    }

    message = compose(templates, "session_booked", facts, to_staff=False)

    assert "11:30 AM PST" in message.text
    assert "+1 555 0188" in message.text


def test_a_clinic_in_an_unknown_zone_still_gets_its_message_in_utc(
    templates: MessageTemplates,
) -> None:
    message = compose(templates, "session_booked", to_staff=False, zone="Atlantis/Lost_City")

    assert "7:30 PM UTC" in message.text


def test_resources_in_a_crisis_name_988_911_and_the_clinics_own_number(
    templates: MessageTemplates,
) -> None:
    for channel in Channel:
        message = compose(templates, "suicide_resources", {}, channel=channel, to_staff=False)

        assert "988" in message.text
        assert "911" in message.text
        assert "+1 555 0199" in message.text


def test_staff_get_a_link_by_opaque_id_and_patients_get_none(templates: MessageTemplates) -> None:
    to_staff = compose(templates, "task_opened")
    to_patient = compose(templates, "session_missed", to_staff=False)

    assert f"https://console.north.example/console/journeys/{JOURNEY}" in to_staff.text
    assert "http" not in to_patient.text


TO_PATIENTS = (
    "going_home",
    "home_safe",
    "journal_nudge",
    "session_booked",
    "session_reminder",
    "spray_paused",
    "suicide_resources",
)
"""All that a journey writes to a patient (`Story.tell_patient`), and the reminder."""


@pytest.mark.parametrize("template", TO_PATIENTS)
@pytest.mark.parametrize("facts", [FACTS, {}], ids=["with facts", "without facts"])
def test_whoever_speaks_spanish_reads_all_of_it_in_spanish(
    templates: MessageTemplates, template: str, facts: dict[str, str]
) -> None:
    shown = {"to_staff": False, "training": True, "language": "es-MX"}
    mail = compose(templates, template, facts, **shown)  # type: ignore[arg-type]
    text = compose(templates, template, facts, channel=Channel.SMS, **shown)  # type: ignore[arg-type]

    assert mail.subject.startswith("[ENTRENAMIENTO] ")
    assert mail.text.startswith("ENTRENAMIENTO. ")
    assert "911" in mail.text
    assert "988" in mail.text
    said = f"{mail.subject}\n{mail.text}\n{text.text}"
    assert not [w for w in ("None", "{", "  ", " the ", "please", "ketamin", "http") if w in said]
    assert len(text.text) < SMS_LIMIT


def test_a_moment_is_read_in_spanish_on_the_clinics_wall(templates: MessageTemplates) -> None:
    message = compose(templates, "session_booked", to_staff=False, language="es")

    assert "martes 24 de noviembre de 2026, 2:30 p. m. EST" in message.text


OWN = "https://journeys.north.example/l/north~" + "q" * 32


@pytest.mark.parametrize("template", ["home_safe", "journal_nudge"])
@pytest.mark.parametrize("channel", list(Channel))
@pytest.mark.parametrize("language", ["en", "es"])
def test_a_patients_own_link_stands_whole_where_they_are_asked_for_an_answer(
    templates: MessageTemplates, template: str, channel: Channel, language: str
) -> None:
    asked = Notification(occurrence="one", template=template, channel=channel, language=language)

    message = templates.compose(batch(training=True), asked, "<1@x>", "somebody", OWN)
    without = templates.compose(batch(training=True), asked, "<1@x>", "somebody")

    assert message is not None
    assert OWN in message.text.split()
    assert without is not None
    assert "http" not in without.text


def test_a_text_message_has_the_link_whole_or_not_at_all(templates: MessageTemplates) -> None:
    asked = Notification(occurrence="one", template="home_safe", channel=Channel.SMS)
    long = OWN + "q" * 250

    message = templates.compose(batch(training=True), asked, "<1@x>", "+15550100777", long)

    assert message is not None
    assert "http" not in message.text
    assert message.text.endswith("To reach us: +1 555 0199.")


def test_what_a_drug_cabinet_asks_leads_to_the_lists_and_not_to_a_journey(
    templates: MessageTemplates,
) -> None:
    task = {"task_id": "cabinet-north~loss_report~1", "task_kind": "loss_report"}
    asked = Notification(
        occurrence="one", template="task_opened", to_role=Role.MEDICAL_DIRECTOR, facts=task
    )
    of_cabinet = {"workflow_id": "cabinet-north", "journey_id": "cabinet-north"}

    with capture_logs() as logs:
        message = templates.compose(
            batch().model_copy(update=of_cabinet), asked, "<1@x>", "director@north.example"
        )

    assert message is not None
    assert "a report of lost stock" in message.subject
    assert "https://console.north.example/console" in message.text
    assert "journeys/" not in message.text
    assert logs == []


def test_a_letter_to_a_provider_says_only_that_it_is_ready(templates: MessageTemplates) -> None:
    letter = compose(templates, "letter_to_provider", to_staff=False)

    assert letter.subject == "A letter is ready"
    assert JOURNEY not in letter.text
    assert "988" not in letter.text


@pytest.mark.parametrize("language", ["en-US", "EN", "fr", "", "../../etc"])
def test_a_language_nobody_wrote_yet_is_answered_in_english(
    templates: MessageTemplates, language: str
) -> None:
    assert compose(templates, "task_opened", language=language).subject.startswith("Waiting")


@pytest.mark.parametrize("template", ["nobody_wrote_this", "_message", "..words", "task_opened.j2"])
def test_a_template_nobody_wrote_gives_no_message(
    templates: MessageTemplates, template: str
) -> None:
    notification = Notification(occurrence="one", template=template, to_role=Role.NURSE)

    assert templates.compose(batch(), notification, "<1@x>", "somebody@north.example") is None


@pytest.mark.parametrize("language", sorted(p.parent.name for p in TEMPLATES.glob("*/words.yaml")))
def test_every_language_has_words_for_every_task_role_phase_and_medicine(language: str) -> None:
    words = read_words(TEMPLATES / language / "words.yaml")

    codes = [*ApprovalKind, *EntryKind, *Role, *Phase, *Modality]
    assert [str(code) for code in codes if words.of(code) is None] == []
    assert len(words.weekdays) == 7
    assert len(words.months) == 12
    assert words.language == language


def test_a_code_speaks_only_through_the_list_of_words(templates: MessageTemplates) -> None:
    known = compose(templates, "hold_entered", {"hold_reason": "clinical"})
    unknown = compose(templates, "hold_entered", {"hold_reason": "brother_arrested"})

    assert ALLOWED_FACTS["hold_reason"] is FactKind.CODE
    assert "clinical reasons" in known.subject
    assert unknown.subject == "Journey on hold"


def test_a_clinics_name_cannot_add_a_header(templates: MessageTemplates) -> None:
    forged = batch().model_copy(update={"clinic_name": "North\r\nBcc: all@elsewhere.example"})
    notification = Notification(
        occurrence="one", template="task_opened", channel=Channel.SMS, to_role=Role.NURSE
    )

    message = templates.compose(forged, notification, "<1@x>", "+15550100777")

    assert message is not None
    assert "\n" not in message.text
