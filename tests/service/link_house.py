"""Staff who make links and patients who come by them, on one real record."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import asyncpg

from clinical.consent import REQUIRED_ELEMENTS
from records.patient_links import PatientLinkStore
from runtime.settings import Settings
from schemas.base import Actor, Command, Reason, Receipt, Role
from schemas.patient_link import LinkMade, LinkPurpose, LinkWish, PreparedConsent
from schemas.protocol import Clinic
from schemas.screening import Modality
from service.errors import Refused
from service.patient_links import PatientLinks
from service.patient_visits import PatientVisits, Visit
from service.rows import EventRow, JourneyRow, SessionRow

MORNING = datetime(2026, 11, 27, 15, tzinfo=UTC)
JOURNEY = "journey-" + "m" * 26
DAY = f"{JOURNEY}-infusion-1"
BORN = date(1984, 5, 17)
WRONG = date(1984, 5, 18)
NORTH = Clinic(
    code="north",
    name="Northlight Clinic",
    time_zone="America/New_York",
    after_hours_phone="+1-212-555-0142",
)
LEE = Actor(id="dr-lee", role=Role.PSYCHIATRIST)
ROMERO = Actor(id="cc-romero", role=Role.CARE_COORDINATOR)
FORM = PreparedConsent(
    document_version="iv-2026-1",
    document_sha256="a" * 64,
    elements=REQUIRED_ELEMENTS[Modality.IV_KETAMINE],
    teach_back=True,
    copy_given=True,
)
CONSENT = LinkWish(purpose=LinkPurpose.CONSENT, form=FORM)
JOURNAL = LinkWish(purpose=LinkPurpose.JOURNAL)
HOME = LinkWish(purpose=LinkPurpose.HOME_SAFE, session_id=DAY)


@dataclass
class Desk:
    """A front desk that answers at its own pace, or raises `trouble`. As a journey does, it lets a
    command id take effect once, whatever else the second command says."""

    told: list[tuple[str, Command]] = field(default_factory=list)
    trouble: Exception | None = None
    ledger: dict[str, int] = field(default_factory=dict)
    signs_within_s: float = 0.05
    signed: bool | None = None
    """Whether a consent is in force; None: withdrawals are not judged by it."""

    async def send(self, journey: str, kind: str, command: Command) -> Receipt:
        assert journey == JOURNEY
        await asyncio.sleep(self.signs_within_s if kind == "sign_consent" else 0.05)
        if self.trouble is not None:
            raise self.trouble
        if kind == "withdraw_consent" and self.signed is False:
            raise Refused(Reason(code="no_consent", text="no signed consent is in force"))
        if kind == "sign_consent" and self.signed is False:
            self.signed = True
        known = self.ledger.get(command.command_id)
        if known is not None:
            return Receipt(command_id=command.command_id, version=known, duplicate=True)
        self.told.append((kind, command))
        version = self.ledger[command.command_id] = 1 + len(self.told)
        return Receipt(command_id=command.command_id, version=version)


@dataclass
class Known:
    """One journey at `north` with one treatment day."""

    born: date | None = BORN
    closed: bool = False
    spoken: str = "es"

    async def journey(
        self, journey_id: str, *, clinics: frozenset[str] | None
    ) -> JourneyRow | None:
        if journey_id != JOURNEY or (clinics is not None and "north" not in clinics):
            return None
        return JourneyRow(
            journey_id=JOURNEY, clinic="north", phase="CONSENT", training=True,
            protocol_version="standard-1", attention=False, closed=self.closed,
            patient_birth_date=self.born, updated_at=MORNING,
        )  # fmt: skip

    async def session(self, session_id: str, **_: Any) -> SessionRow | None:
        if session_id != DAY:
            return None
        return SessionRow(session_id=DAY, journey_id=JOURNEY, clinic="north", phase="DISCHARGED")

    async def facts(self, journey_id: str, *_: Any, **__: Any) -> tuple[EventRow, ...]:
        data = {"referral": {"patient": {"language": self.spoken}}}
        return (
            EventRow(
                id=1, workflow_id=journey_id, journey_id=journey_id, clinic="north", sequence=1,
                kind="JourneyStarted", at=MORNING, recorded_at=MORNING, actor_id="engine",
                actor_role="system", data=data,
            ),
        )  # fmt: skip


class House:
    """Staff who make links, and the patients who come by them, on one real record."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self.pool = pool
        self.now = MORNING
        self.desk = Desk()
        self.known = Known()
        self.store = PatientLinkStore(pool)
        self.links = self.staff(Settings())
        self.visits = PatientVisits(
            self.store, self.desk, self.known, {"north": NORTH}, b"k" * 32, now=lambda: self.now
        )

    def staff(self, settings: Settings) -> PatientLinks:
        return PatientLinks(self.store, self.known, settings, now=lambda: self.now)

    async def made(self, wish: LinkWish, actor: Actor = LEE, key: str = "k") -> LinkMade:
        return await self.links.make(JOURNEY, wish, actor, key, clinics=None)

    async def token(self, wish: LinkWish) -> str:
        return (await self.made(wish)).url.rpartition("/")[2]

    async def opened(self, wish: LinkWish) -> Visit:
        visit = await self.visits.open(await self.token(wish), BORN)
        assert visit is not None
        return visit

    async def trail(self) -> list[str]:
        rows = await self.pool.fetch("SELECT what FROM patient_link_audit ORDER BY id")
        return [row["what"] for row in rows]
