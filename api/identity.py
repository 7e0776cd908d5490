"""Who speaks: the person or program a verified token stands for, and whose journeys they see."""

from dataclasses import dataclass
from datetime import datetime

from schemas.base import Role

EVERY_CLINIC = "*"


@dataclass(frozen=True, slots=True)
class Identity:
    """`subject`: the issuer's name for them. `clinics`: codes, or `*` for all. `journey`: the
    only one a patient may touch. `signed_in_at`: when they last signed in, if the issuer says.
    `ends_at`: till when the token holds."""

    subject: str
    roles: frozenset[Role]
    clinics: frozenset[str]
    journey: str | None = None
    signed_in_at: datetime | None = None
    ends_at: datetime | None = None

    def sees_clinic(self, code: str) -> bool:
        """Whether this clinic is theirs."""
        return EVERY_CLINIC in self.clinics or code in self.clinics

    def bound(self, acting: frozenset[Role]) -> bool:
        """Whether they speak only as a patient, who has one journey and no other."""
        return acting == {Role.PATIENT}
