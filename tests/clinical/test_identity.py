"""Two referrals of one person are recognised however they were written; nobody is merged for it."""

from datetime import date
from typing import Any

import pytest

from clinical.identity import marks_of
from schemas.identity import MarkKind
from schemas.people import Person, PersonIdentifier

NUMBER = PersonIdentifier(system="urn:example:mrn", value="QF-1184")


def person(**changes: Any) -> Person:
    fields: dict[str, Any] = {
        "given_name": "Zoë",
        "family_name": "Quillfeather-Ravenscroft",
        "birth_date": date(1984, 3, 9),
        **changes,
    }
    return Person(**fields)


def agree(one: Person, other: Person) -> set[MarkKind]:
    return {mark.kind for mark in set(marks_of(one)) & set(marks_of(other))}


@pytest.mark.parametrize(
    "written",
    [
        {"given_name": "ZOE", "family_name": "Quillfeather Ravenscroft"},
        {"given_name": "zoë", "family_name": "quillfeather-ravenscroft "},
        {"given_name": "Quillfeather-Ravenscroft", "family_name": "Zoe"},
        {"given_name": "Zoe\u0308", "family_name": "Quillfeather\u2019 Ravenscroft"},
    ],
)
def test_edge_35_the_same_name_is_recognised_however_it_was_written(
    written: dict[str, str],
) -> None:
    assert agree(person(), person(**written)) == {MarkKind.NAME_AND_BIRTH_DATE}


def test_edge_35_a_namesake_born_on_another_day_is_somebody_else() -> None:
    assert agree(person(), person(birth_date=date(1984, 3, 10))) == set()


def test_edge_35_an_identifier_of_one_system_is_recognised_under_another_name() -> None:
    married = person(family_name="Pennyworth", birth_date=date(1985, 1, 1), identifiers=(NUMBER,))

    assert agree(person(identifiers=(NUMBER,)), married) == {MarkKind.IDENTIFIER}


def test_edge_35_a_number_without_the_system_that_gave_it_compares_with_nothing() -> None:
    loose = PersonIdentifier(value="QF-1184")
    other = person(family_name="Pennyworth", identifiers=(loose,))

    assert agree(person(identifiers=(loose,)), other) == set()


def test_edge_35_the_same_line_and_birth_date_are_recognised_the_line_alone_is_not() -> None:
    one = person(phone="+1 (212) 555-0177", email="Zoe@mail.example")
    married = person(family_name="Pennyworth", phone="+1-212-555-0177")
    child = person(given_name="Pip", birth_date=date(2010, 5, 5), email="zoe@mail.example")

    assert agree(one, married) == {MarkKind.CONTACT_AND_BIRTH_DATE}
    assert agree(one, child) == set()


def test_what_is_missing_is_no_mark_and_nobody_is_without_one() -> None:
    assert [mark.kind for mark in marks_of(person())] == [MarkKind.NAME_AND_BIRTH_DATE]
    assert len(marks_of(person(given_name="-", family_name="?"))) == 1
    assert marks_of(None) == ()
