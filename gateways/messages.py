"""The words people are sent: one template for each occasion, and no patient data in any."""

import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import structlog
from jinja2 import FileSystemLoader, Template
from jinja2.sandbox import ImmutableSandboxedEnvironment

from gateways.message_facts import (
    ALLOWED_FACTS,
    TIME_ZONE,
    FactKind,
    Words,
    read_words,
    sayable,
)
from schemas.notification import Channel, Message, Notification, SendNotifications

TEMPLATES = Path(__file__).parent / "templates"
FALLBACK_LANGUAGE = "en"
SMS_LIMIT = 320
"""Characters of one text message: two segments."""

ALLOWED_VARIABLES = frozenset(
    {"section", "clinic_name", "training", "for_staff", "link", "own_link"}
    | set(ALLOWED_FACTS)
    | {f"{name}_code" for name, kind in ALLOWED_FACTS.items() if kind is FactKind.CODE}
)
"""Every variable a template may name; a test holds each template to it."""

log = structlog.get_logger()


class MessageTemplates:
    """Every template of every language, read once; a broken one stops the process at start."""

    def __init__(self, console_url: str, folder: Path = TEMPLATES) -> None:
        self._console_url = console_url.rstrip("/")
        environment = environment_for(folder)
        self._languages: dict[str, tuple[Words, Mapping[str, Template]]] = {}
        for words_file in sorted(folder.glob("*/words.yaml")):
            language = words_file.parent.name
            templates = {
                path.stem: environment.get_template(f"{language}/{path.name}")
                for path in sorted(words_file.parent.glob("[!_]*.j2"))
            }
            self._languages[language] = (read_words(words_file), templates)

    @property
    def codes(self) -> frozenset[str]:
        """The template codes that exist in the fallback language."""
        return frozenset(self._languages[FALLBACK_LANGUAGE][1])

    def compose(
        self,
        batch: SendNotifications,
        notification: Notification,
        message_id: str,
        to: str,
        own_link: str | None = None,
    ) -> Message | None:
        """The message in the reader's language, or None for a template nobody wrote. `own_link`:
        the patient's own; where a text message has no room for it whole, it goes without."""
        found = self._find(notification)
        if found is None:
            log.error("message_template_unknown", template=notification.template)
            return None
        words, template = found
        context = self._context(batch, notification, words) | {"own_link": own_link or ""}
        if notification.channel is Channel.SMS:
            subject, text = "", text_message(template, context)
        else:
            subject = one_line(template.render(context, section="subject"))
            text = paragraphs(template.render(context, section="text"))
        return Message(message_id=message_id, to=to, subject=subject, text=text)

    def _find(self, notification: Notification) -> tuple[Words, Template] | None:
        wanted = notification.language.replace("_", "-").casefold()
        for language in (wanted, wanted.split("-")[0], FALLBACK_LANGUAGE):
            words, templates = self._languages.get(language, (None, {}))
            if words is not None and notification.template in templates:
                return words, templates[notification.template]
        return None

    def _context(
        self, batch: SendNotifications, notification: Notification, words: Words
    ) -> dict[str, object]:
        zone = zone_of(notification.facts.get(TIME_ZONE) or batch.time_zone)
        return {
            "after_hours_phone": one_line(batch.after_hours_phone or ""),
            **sayable(notification.facts, words, zone),
            "clinic_name": one_line(batch.clinic_name),
            "training": batch.training,
            "for_staff": notification.to_role is not None,
            "link": self._link(batch.journey_id),
        }

    def _link(self, journey_id: str) -> str:
        """Where to look: the journey, or, for what belongs to none (a drug cabinet), the lists."""
        of_a_journey = journey_id.startswith("journey-")
        return f"{self._console_url}/journeys/{journey_id}" if of_a_journey else self._console_url


def text_message(template: Template, context: Mapping[str, object]) -> str:
    """One line that fits; a link is in it whole or not at all."""
    text = one_line(template.render(context, section="sms"))
    if len(text) > SMS_LIMIT and context["own_link"]:
        text = one_line(template.render({**context, "own_link": ""}, section="sms"))
    return text[:SMS_LIMIT]


def environment_for(folder: Path) -> ImmutableSandboxedEnvironment:
    """A sandbox that reaches nothing but its own folder; plain text, so nothing is escaped."""
    return ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(folder), trim_blocks=True, lstrip_blocks=True, autoescape=False
    )


def zone_of(name: str) -> ZoneInfo:
    """The clinic's zone; UTC, and a loud line, when its name is not a zone."""
    with suppress(ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo(name)
    log.error("clinic_time_zone_unknown")
    return ZoneInfo("UTC")


def one_line(text: str) -> str:
    """Text without line breaks or control signs, so that it cannot become a header of its own."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def paragraphs(text: str) -> str:
    """Text with at most one empty line between paragraphs and one line break at its end."""
    lines = [line.rstrip() for line in text.splitlines()]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"
