"""A patient comes by their link: the birth date first, then one thing, once.

Whoever has no right to be here learns nothing: a wrong birth date, a link that is over and one that
never was get the same answer. Looking at a link changes nothing, for mail scanners look at all.
"""

import asyncio
import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Final, Protocol

import structlog

from clinical.clinic_hours import at_local, local_date
from records.errors import RecordUnavailable
from records.link_tokens import clinic_of_token, token_hash
from schemas.aftercare import ContactWay, Occasion, RecordContact
from schemas.base import Actor, Command, Receipt, Role
from schemas.consent import SignConsent, WithdrawConsent
from schemas.journal import WriteJournal
from schemas.patient_link import LinkPurpose, LinkUse, PatientLink, signed
from schemas.protocol import Clinic
from service.commands import wall_clock
from service.errors import FrontDeskError, NotYetAnswered, Refused
from service.patient_links import Clinics
from service.rows import JourneyRow

MOST_TRIES: Final = 5
"""Wrong birth dates before a link is locked [D]."""
PASS_FOR: Final = timedelta(minutes=30)
"""How long the birth date holds from one page to the next [D]."""
HELD_FOR: Final = timedelta(seconds=20)
"""Longer than the front desk waits for an answer."""
WAITS: Final = 15
WAIT_STEP_S: Final = 0.2
"""A press waits three seconds for the one before it, in small steps [D]."""
NO_CONSENT: Final = "no_consent"
NO_DATE: Final = date.min

log = structlog.get_logger(__name__)


class VisitStore(Protocol):
    """`records.patient_links.PatientLinkStore`, the part of it that a visit needs."""

    async def find(self, token_sha256: bytes) -> PatientLink | None: ...
    async def read(self, link_id: str) -> PatientLink | None: ...
    async def take_try(
        self, token_sha256: bytes, now: datetime, most: int
    ) -> PatientLink | None: ...
    async def failed(self, link_id: str, now: datetime, *, locked: bool) -> None: ...
    async def opened(self, link_id: str, now: datetime) -> None: ...
    async def hold(
        self, link_id: str, use: LinkUse, now: datetime, until: datetime, day_began: datetime
    ) -> bool: ...
    async def release(self, link_id: str, until: datetime) -> None: ...
    async def used(self, link_id: str, use: LinkUse, now: datetime, actor: Actor) -> None: ...


class TellsJourneys(Protocol):
    """`service.commands.Commands`."""

    async def send(self, journey: str, kind: str, command: Command) -> Receipt: ...


class KnowsPatients(Protocol):
    """`service.lookups.Lookups`."""

    async def journey(self, journey_id: str, *, clinics: Clinics) -> JourneyRow | None: ...


class Standing(StrEnum):
    """What a link that was opened is still good for. `signed`: consent may be taken back by it."""

    READY = "ready"
    SIGNED = "signed"
    WITHDRAWN = "withdrawn"
    WRITTEN = "written"
    SAID = "said"


class Outcome(StrEnum):
    """What became of a use. `kept`: received, and nobody has answered yet. `used_before`: nothing
    was sent, for the link was used or ended meanwhile; its standing says what counts. `not_known`:
    nobody can say yet whether it counts."""

    DONE = "done"
    KEPT = "kept"
    USED_BEFORE = "used_before"
    NOT_KNOWN = "not_known"


@dataclass(frozen=True, slots=True)
class Front:
    """What anybody with a link of a clinic may see: whom to call, and in which language the link
    was made. None where the token names no clinic of ours."""

    clinic: Clinic | None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Visit:
    """A patient who has said the right birth date. `proof` stands for it on the next page."""

    link: PatientLink
    clinic: Clinic
    proof: str
    standing: Standing
    training: bool


class PatientVisits:
    """Lets patients in by their links. Every call may raise `RecordUnavailable`.

    `clinics`: by code. `key`: signs the proof that leads from page to page.
    """

    def __init__(
        self,
        store: VisitStore,
        commands: TellsJourneys,
        lookups: KnowsPatients,
        clinics: Mapping[str, Clinic],
        key: bytes,
        *,
        now: Callable[[], datetime] = wall_clock,
    ) -> None:
        self._store = store
        self._commands = commands
        self._lookups = lookups
        self._clinics = clinics
        self._key = hmac.new(key, b"patient-visits", hashlib.sha256).digest()
        self._now = now

    async def front(self, token: str) -> Front:
        """The first look, which changes nothing and works while the record is away."""
        clinic = self._clinics.get(clinic_of_token(token))
        try:
            link = await self._store.find(token_hash(token))
        except RecordUnavailable:
            link = None
        return Front(clinic, link.language if link else None)

    async def open(self, token: str, birth_date: date) -> Visit | None:
        """Compare the birth date with the record's. None for every reason there may be."""
        now = self._now()
        link = await self._store.take_try(token_hash(token), now, MOST_TRIES)
        journey = await self._journey(link) if link else None
        known = journey.patient_birth_date if journey else None
        right = _same(birth_date, known or NO_DATE) and known is not None
        if link is None or journey is None:
            return None
        if not right:
            await self._store.failed(link.link_id, now, locked=link.failed_tries >= MOST_TRIES)
            log.info("patient_link_failed", journey_id=link.journey_id)
            return None
        await self._store.opened(link.link_id, now)
        return self._visit(link, journey, self._prove(link.link_id, now + PASS_FOR))

    async def again(self, token: str, proof: str) -> Visit | None:
        """The same visitor on their next page, with a proof for the one after; None when the proof
        or the link is over."""
        link = await self._store.find(token_hash(token))
        now = self._now()
        if link is None or not self._proven(proof, link.link_id, now):
            return None
        if self._over(link):
            return None
        journey = await self._journey(link)
        return (
            self._visit(link, journey, self._prove(link.link_id, now + PASS_FOR))
            if journey
            else None
        )

    async def sign(self, visit: Visit, signer: str) -> Outcome:
        """The patient signs the prepared form. Raises what `Commands.send` raises."""
        form = visit.link.form
        assert form is not None, "a consent link has its form"
        whole = signed(form, signer, visit.link.made_by.id)
        command = SignConsent(**_by(visit.link, "sign"), form=whole)
        return await self._use(visit, LinkUse.SIGN, "sign_consent", command)

    async def withdraw(self, visit: Visit) -> Outcome:
        """The patient takes consent back; nobody asks why. Where there is none, but a signature by
        this link counts or may be on its way, it is said once more behind that signature."""
        try:
            return await self._withdraw(visit)
        except Refused as refused:
            if refused.code != NO_CONSENT or not await self._may_be_signed(visit.link):
                raise
        await self._signature_settles(visit.link)
        try:
            return await self._withdraw(visit)
        except Refused as refused:
            if refused.code != NO_CONSENT or not await self._may_be_signed(visit.link):
                raise
        return Outcome.NOT_KNOWN

    async def _withdraw(self, visit: Visit) -> Outcome:
        command = WithdrawConsent(**_by(visit.link, "withdraw"))
        return await self._use(visit, LinkUse.WITHDRAW, "withdraw_consent", command)

    async def _may_be_signed(self, link: PatientLink) -> bool:
        found = await self._store.read(link.link_id)
        return found is not None and (found.used_at is not None or self._held(found))

    async def _signature_settles(self, link: PatientLink) -> None:
        """Wait a little for a signature on its way."""
        for _ in range(WAITS):
            found = await self._store.read(link.link_id)
            if found is None or not self._held(found):
                return
            await asyncio.sleep(WAIT_STEP_S)

    def _held(self, link: PatientLink) -> bool:
        return link.held_until is not None and link.held_until > self._now()

    async def say_home_safe(self, visit: Visit) -> Outcome:
        """The patient is home safe."""
        command = RecordContact(
            **_by(visit.link, "home-safe"),
            occasion=Occasion.EVENING,
            session_id=visit.link.session_id,
            reached=True,
            how=ContactWay.MESSAGE,
        )
        return await self._use(visit, LinkUse.HOME_SAFE, "record_contact", command)

    async def write(self, visit: Visit, entry: Mapping[str, object]) -> Outcome:
        """Today's journal entry. Raises `ValidationError` for what no entry can say. The same
        words sent again are one command; other words are another, or a danger would go unheard
        behind an entry that the record did not note."""
        today = local_date(self._now(), visit.clinic).isoformat()
        said = WriteJournal.model_validate({**entry, **_by(visit.link, f"journal-{today}")})
        command_id = f"{said.command_id}-{self._digest(said)}"
        command = said.model_copy(update={"command_id": command_id})
        urgent = command.suicidal_thoughts > 0
        return await self._use(visit, LinkUse.WRITE, "write_journal", command, urgent=urgent)

    async def _use(
        self, visit: Visit, use: LinkUse, kind: str, command: Command, *, urgent: bool = False
    ) -> Outcome:
        """Hold the link, tell the journey, note it. The command's key comes from the link: should
        anything die on the way, the same use again is the same command."""
        link = visit.link
        until = await (self._hold_at_once if urgent else self._hold)(visit, use)
        if isinstance(until, Outcome):
            return until
        try:
            await self._commands.send(link.journey_id, kind, command)
        except NotYetAnswered:
            # Not used: the same again is safe, and may be answered. The hold lapses by itself, so
            # that a withdrawal meanwhile knows that a signature may be on its way.
            return Outcome.KEPT
        except FrontDeskError:
            if until is not None:
                await self._store.release(link.link_id, until)
            raise
        try:
            await self._store.used(link.link_id, use, self._now(), command.actor)
        except RecordUnavailable:
            log.warning("patient_link_use_not_noted", journey_id=link.journey_id)
        log.info("patient_link_used", journey_id=link.journey_id, kind=kind)
        return Outcome.DONE

    async def _hold(self, visit: Visit, use: LinkUse) -> datetime | Outcome:
        """Until when the link is held for this use. Whoever pressed before may be answered, may
        fail or may be dead: what became of that is waited for, never taken for granted."""
        for _ in range(WAITS):
            until = await self._hold_now(visit, use)
            if until is not None:
                return until
            link = await self._store.read(visit.link.link_id)
            if link is None or self._over(link) or self._stands(link, visit) is not Standing.READY:
                return Outcome.USED_BEFORE
            await asyncio.sleep(WAIT_STEP_S)
        return Outcome.NOT_KNOWN

    async def _hold_at_once(self, visit: Visit, use: LinkUse) -> datetime | None:
        """As `_hold`, for what goes whether the link can be held or not."""
        try:
            return await self._hold_now(visit, use)
        except RecordUnavailable:
            return None

    async def _hold_now(self, visit: Visit, use: LinkUse) -> datetime | None:
        now = self._now()
        until = now + HELD_FOR
        day_began = self._midnight(visit.clinic)
        held = await self._store.hold(visit.link.link_id, use, now, until, day_began)
        return until if held else None

    def _stands(self, link: PatientLink, visit: Visit) -> Standing:
        return _standing(link, self._midnight(visit.clinic))

    def _over(self, link: PatientLink) -> bool:
        """Whether nothing may be done by this link any more, whatever it was used for."""
        locked = link.failed_tries >= MOST_TRIES
        return link.revoked_at is not None or link.expires_at <= self._now() or locked

    async def _journey(self, link: PatientLink) -> JourneyRow | None:
        return await self._lookups.journey(link.journey_id, clinics=frozenset({link.clinic}))

    def _visit(self, link: PatientLink, journey: JourneyRow, proof: str) -> Visit | None:
        clinic = self._clinics.get(link.clinic)
        if clinic is None:
            return None
        standing = _standing(link, self._midnight(clinic))
        return Visit(link, clinic, proof, standing, journey.training)

    def _midnight(self, clinic: Clinic) -> datetime:
        return at_local(local_date(self._now(), clinic), time(0), clinic)

    def _digest(self, said: WriteJournal) -> str:
        """Stands for what an entry says. Keyed: a few numbers could be guessed from a plain one."""
        content = said.model_dump_json(exclude={"command_id", "actor"}).encode()
        return hmac.new(self._key, b"journal|" + content, hashlib.sha256).hexdigest()[:32]

    def _prove(self, link_id: str, until: datetime) -> str:
        return self._stamp(link_id, int(until.timestamp()))

    def _stamp(self, link_id: str, until: int) -> str:
        content = f"{link_id}|{until}".encode()
        return f"{until}.{hmac.new(self._key, content, hashlib.sha256).hexdigest()}"

    def _proven(self, proof: str, link_id: str, now: datetime) -> bool:
        until = proof.partition(".")[0]
        if not (until.isascii() and until.isdigit() and len(until) < 12):
            return False
        genuine = hmac.compare_digest(
            self._stamp(link_id, int(until)).encode(), proof.encode(errors="replace")
        )
        return genuine and int(until) > now.timestamp()


def _standing(link: PatientLink, day_began: datetime) -> Standing:
    if link.withdrawn_at is not None:
        return Standing.WITHDRAWN
    if link.used_at is None:
        return Standing.READY
    match link.purpose:
        case LinkPurpose.CONSENT:
            return Standing.SIGNED
        case LinkPurpose.JOURNAL:
            return Standing.WRITTEN if link.used_at >= day_began else Standing.READY
        case LinkPurpose.HOME_SAFE:
            return Standing.SAID


def _by(link: PatientLink, what: str) -> dict[str, object]:
    """The patient speaks; the link's own id says by which way."""
    actor = Actor(id=link.link_id, role=Role.PATIENT)
    return {"command_id": f"{link.link_id}-{what}", "actor": actor}


def _same(said: date, known: date) -> bool:
    return hmac.compare_digest(said.isoformat().encode(), known.isoformat().encode())
