"""A real journey brought to its treatment day, up to the moment that a test wishes to see."""

import json
from dataclasses import dataclass
from datetime import date, timedelta
from zlib import crc32

from schemas.infusion import SessionView
from simulator.bedside import Bedside
from simulator.http_door import HttpDoor
from simulator.staff import Staff
from tests.console.conftest import REFERRAL


@dataclass
class Chair:
    """One patient's treatment day on the real stack, and the staff besides the page."""

    staff: Staff
    session_id: str

    @property
    def path(self) -> str:
        """The bedside's page."""
        return f"/sessions/{self.session_id}"

    async def view(self) -> SessionView:
        """What the engine says of it."""
        return await self.staff.door.session(self.session_id)

    async def pass_(self, minutes: float) -> None:
        """The clinical clock moves on."""
        now = (await self.view()).now
        await self.staff.door.until(self.session_id, now + timedelta(minutes=minutes))


async def seated(door: HttpDoor, family: str) -> Chair:
    """Referred, cleared, booked, arrived, ready, and the dose begun five minutes ago."""
    staff = Staff(door, await _referred(door, family))
    await staff.prepare()
    day = await staff.booked()
    await staff.arrange(day.session_id)
    hands = Bedside(staff, day)
    await door.until(day.session_id, day.scheduled_at)
    await hands.prepare()
    await hands.start()
    chair = Chair(staff, day.session_id)
    await chair.pass_(5)
    return chair


async def _referred(door: HttpDoor, family: str) -> str:
    """A person of their own: two journeys of one person are never treated at once."""
    content = json.loads(REFERRAL.read_text())
    content["identifier"]["value"] = f"chair-{family}"
    born = date(1970, 1, 1) + timedelta(days=crc32(family.encode()) % 9_000)
    content["patient"] |= {
        "family_name": family,
        "birth_date": born.isoformat(),
        "email": f"{family.lower()}@mail.example",
    }
    return await door.refer("/v1/referrals", json.dumps(content).encode(), "application/json")
