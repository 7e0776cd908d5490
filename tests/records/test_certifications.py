"""A site's certification on record: every change once, the last one holds."""

import asyncpg
import pytest

from records.certifications import CertificationStore
from schemas.base import Actor, Role
from schemas.safety_program import CertificationChange

VESPER = Actor(id="rems-vesper", role=Role.REMS_REPRESENTATIVE)


@pytest.fixture
def book(pool: asyncpg.Pool) -> CertificationStore:
    return CertificationStore(pool)


def change(key: str, *, certified: bool) -> CertificationChange:
    return CertificationChange(
        clinic="north", certified=certified, reason="re-enrolled", actor=VESPER, command_id=key
    )


async def test_the_last_change_holds_and_a_clinic_without_one_has_no_word(
    book: CertificationStore,
) -> None:
    assert await book.certified("north") is None

    await book.record(change("lost", certified=False))
    assert await book.certified("north") is False
    await book.record(change("back", certified=True))
    assert await book.certified("north") is True
    assert await book.certified("south") is None


async def test_the_same_change_told_late_again_does_not_undo_what_came_after(
    book: CertificationStore,
) -> None:
    await book.record(change("lost", certified=False))
    await book.record(change("back", certified=True))

    await book.record(change("lost", certified=False))

    assert await book.certified("north") is True
