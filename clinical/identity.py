"""By what two referrals are recognised as one person's: identifiers, name and birth date, contact.

Clinical fact sheet, edge case 35. A match is only ever offered to a person: the engine merges
nobody and tells nobody apart.
"""

import unicodedata
from collections.abc import Iterable, Iterator

from schemas.identity import Mark, MarkKind, Match
from schemas.people import Person


def marks_of(person: Person | None) -> tuple[Mark, ...]:
    """What somebody is known by, however it was written. An identifier without the system that
    gave it compares with nothing; what is missing is no mark. Fact sheet 11.35."""
    if person is None:
        return ()
    return tuple(dict.fromkeys(_marks(person)))


def may_be_told_apart_by_one(matches: Iterable[Match]) -> bool:
    """Whether one person may say that these are different people. Where an identifier agrees it
    takes two, as for every safety block (fact sheet 11.52): asked when a course conflicts."""
    return all(MarkKind.IDENTIFIER not in match.agrees_on for match in matches)


def _marks(person: Person) -> Iterator[Mark]:
    for identifier in person.identifiers:
        if identifier.system:
            text = _joined(identifier.system.casefold(), identifier.value.casefold())
            yield Mark(kind=MarkKind.IDENTIFIER, text=text)
    born = person.birth_date.isoformat()
    name = _name(f"{person.given_name} {person.family_name}")
    yield Mark(kind=MarkKind.NAME_AND_BIRTH_DATE, text=_joined(name, born))
    for contact in filter(None, (_email(person.email), _phone(person.phone))):
        yield Mark(kind=MarkKind.CONTACT_AND_BIRTH_DATE, text=_joined(contact, born))


def _name(written: str) -> str:
    """Its words without accents, case and marks, in one order: senders swap given and family
    names. A name of marks only stands as it is."""
    plain = unicodedata.normalize("NFKD", written.casefold())
    letters = "".join(sign for sign in plain if not unicodedata.combining(sign))
    words = "".join(sign if sign.isalnum() else " " for sign in letters).split()
    return " ".join(sorted(words)) or letters.strip()


def _email(written: str | None) -> str:
    return written.strip().casefold() if written else ""


def _phone(written: str | None) -> str:
    """Its digits; the same line written in another way."""
    return "".join(sign for sign in written or "" if sign.isdecimal())


def _joined(*parts: str) -> str:
    return "\x1f".join(parts)
