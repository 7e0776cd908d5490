"""Patients' links on record: known by a hash alone, tried five times, used once."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from records.patient_links import PatientLinkStore
from schemas.base import Actor, Role
from schemas.patient_link import LinkPurpose, LinkUse, PatientLink, PreparedConsent

NOW = datetime(2026, 11, 27, 15, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 27, 5, tzinfo=UTC)
LATER = NOW + timedelta(seconds=20)
QUILL = Actor(id="rn-quill", role=Role.NURSE)
PATIENT = Actor(id="link-mauve", role=Role.PATIENT)
HASH = b"m" * 32
FORM = PreparedConsent(
    document_version="iv-2026-1",
    document_sha256="a" * 64,
    elements=("status",),
    teach_back=True,
    copy_given=True,
)


@pytest.fixture
def store(pool: asyncpg.Pool) -> PatientLinkStore:
    return PatientLinkStore(pool)


def a_link(purpose: LinkPurpose = LinkPurpose.CONSENT, **changed: Any) -> PatientLink:
    day = "journey-mauve-infusion-1" if purpose is LinkPurpose.HOME_SAFE else None
    return PatientLink(
        **{
            "link_id": "link-mauve",
            "journey_id": "journey-mauve",
            "clinic": "north",
            "purpose": purpose,
            "session_id": day,
            "form": FORM if purpose is LinkPurpose.CONSENT else None,
            "language": "es",
            "made_by": QUILL,
            "made_at": NOW,
            "expires_at": NOW + timedelta(hours=72),
            **changed,
        }
    )


async def hold(store: PatientLinkStore, use: LinkUse, now: datetime = NOW) -> bool:
    return await store.hold("link-mauve", use, now, now + timedelta(seconds=20), MIDNIGHT)


async def trail(pool: asyncpg.Pool) -> list[tuple[str, str | None]]:
    rows = await pool.fetch("SELECT what, actor_id FROM patient_link_audit ORDER BY id")
    return [(row["what"], row["actor_id"]) for row in rows]


async def test_a_link_is_found_by_its_hash_and_looking_changes_nothing(
    store: PatientLinkStore, pool: asyncpg.Pool
) -> None:
    await store.make(a_link(), HASH, "k")

    assert await store.find(HASH) == await store.find(HASH) == a_link()
    assert await store.find(b"x" * 32) is None
    assert await trail(pool) == [("made", "rn-quill")]


async def test_tries_made_at_once_count_each(store: PatientLinkStore) -> None:
    await store.make(a_link(), HASH, "k")

    tries = await asyncio.gather(*(store.take_try(HASH, NOW, 5) for _ in range(20)))

    assert sum(one is not None for one in tries) == 5


async def test_a_right_answer_gives_the_tries_back(store: PatientLinkStore) -> None:
    await store.make(a_link(), HASH, "k")
    for _ in range(4):
        await store.take_try(HASH, NOW, 5)

    await store.opened("link-mauve", NOW)

    found = await store.find(HASH)
    assert found is not None
    assert found.failed_tries == 0


async def test_of_two_uses_at_once_one_holds_the_link(store: PatientLinkStore) -> None:
    await store.make(a_link(), HASH, "k")

    held = await asyncio.gather(*(hold(store, LinkUse.SIGN) for _ in range(8)))

    assert sum(held) == 1


async def test_a_use_that_died_lets_the_link_go(store: PatientLinkStore) -> None:
    await store.make(a_link(), HASH, "k")
    await hold(store, LinkUse.SIGN)

    assert not await hold(store, LinkUse.SIGN, NOW + timedelta(seconds=19))
    assert await hold(store, LinkUse.SIGN, LATER)


async def test_consent_may_be_taken_back_after_it_was_signed_and_while_a_signature_is_on_its_way(
    store: PatientLinkStore,
) -> None:
    await store.make(a_link(), HASH, "k")
    await hold(store, LinkUse.SIGN)
    assert await hold(store, LinkUse.WITHDRAW)

    await store.used("link-mauve", LinkUse.SIGN, NOW, PATIENT)

    assert not await hold(store, LinkUse.SIGN, LATER)
    assert await hold(store, LinkUse.WITHDRAW, LATER)
    await store.used("link-mauve", LinkUse.WITHDRAW, LATER, PATIENT)
    assert not await hold(store, LinkUse.WITHDRAW, LATER)


async def test_a_signature_noted_after_a_withdrawal_does_not_undo_it(
    store: PatientLinkStore,
) -> None:
    await store.make(a_link(), HASH, "k")
    await hold(store, LinkUse.SIGN)
    await store.used("link-mauve", LinkUse.WITHDRAW, NOW, PATIENT)

    await store.used("link-mauve", LinkUse.SIGN, LATER, PATIENT)

    found = await store.read("link-mauve")
    assert found is not None
    assert (found.used_at, found.withdrawn_at) == (LATER, NOW)


async def test_after_a_withdrawal_no_signature_holds_the_link(store: PatientLinkStore) -> None:
    await store.make(a_link(), HASH, "k")
    await store.used("link-mauve", LinkUse.WITHDRAW, NOW, PATIENT)

    assert not await hold(store, LinkUse.SIGN, LATER)


async def test_a_withdrawal_leaves_the_hold_of_a_signature_to_be_seen(
    store: PatientLinkStore,
) -> None:
    await store.make(a_link(), HASH, "k")
    await hold(store, LinkUse.SIGN)
    moment = NOW + timedelta(seconds=1)

    assert await hold(store, LinkUse.WITHDRAW, moment)
    await store.release("link-mauve", moment + timedelta(seconds=20))

    found = await store.read("link-mauve")
    assert found is not None
    assert found.held_until == LATER


async def test_a_journal_is_written_once_a_day(store: PatientLinkStore) -> None:
    await store.make(a_link(LinkPurpose.JOURNAL), HASH, "k")
    await hold(store, LinkUse.WRITE)
    await store.used("link-mauve", LinkUse.WRITE, NOW, PATIENT)

    tomorrow, midnight = NOW + timedelta(days=1), MIDNIGHT + timedelta(days=1)

    assert not await hold(store, LinkUse.WRITE, LATER)
    assert await store.hold("link-mauve", LinkUse.WRITE, tomorrow, tomorrow, midnight)


async def test_a_link_is_good_for_its_own_purpose_alone(store: PatientLinkStore) -> None:
    await store.make(a_link(LinkPurpose.JOURNAL), HASH, "k")

    assert [await hold(store, use) for use in LinkUse] == [False, False, True, False]


@pytest.mark.parametrize("over", ["expired", "revoked", "said"])
async def test_a_link_that_is_over_takes_no_try(store: PatientLinkStore, over: str) -> None:
    await store.make(a_link(LinkPurpose.HOME_SAFE), HASH, "k")
    now = NOW
    match over:
        case "expired":
            now = NOW + timedelta(hours=72)
        case "revoked":
            assert await store.revoke("link-mauve", "journey-mauve", NOW, QUILL)
        case "said":
            await store.used("link-mauve", LinkUse.HOME_SAFE, NOW, PATIENT)

    assert await store.take_try(HASH, now, 5) is None
    assert not await hold(store, LinkUse.HOME_SAFE, now)


async def test_the_same_key_gives_the_same_link_another_token(store: PatientLinkStore) -> None:
    await store.make(a_link(), HASH, "k")

    again = await store.make(a_link(link_id="link-other"), b"n" * 32, "k")

    assert again is not None
    assert again.link_id == "link-mauve"
    assert await store.find(HASH) is None


async def test_a_key_makes_no_second_link_once_the_first_was_used_or_was_for_something_else(
    store: PatientLinkStore,
) -> None:
    await store.make(a_link(), HASH, "k")
    other = FORM.model_copy(update={"document_version": "iv-2026-2"})

    assert await store.make(a_link(form=other), b"n" * 32, "k") is None
    await store.used("link-mauve", LinkUse.SIGN, NOW, PATIENT)
    assert await store.make(a_link(), b"n" * 32, "k") is None


async def test_a_link_of_another_journey_is_not_revoked_and_revoked_twice_is_one_line(
    store: PatientLinkStore, pool: asyncpg.Pool
) -> None:
    await store.make(a_link(), HASH, "k")

    assert not await store.revoke("link-mauve", "journey-other", NOW, QUILL)
    assert await store.revoke("link-mauve", "journey-mauve", NOW, QUILL)
    assert await store.revoke("link-mauve", "journey-mauve", LATER, QUILL)
    assert await trail(pool) == [("made", "rn-quill"), ("revoked", "rn-quill")]


async def test_the_trail_says_what_happened_and_cannot_be_changed(
    store: PatientLinkStore, pool: asyncpg.Pool
) -> None:
    await store.make(a_link(), HASH, "k")
    await store.failed("link-mauve", NOW, locked=True)
    await store.opened("link-mauve", NOW)
    await store.used("link-mauve", LinkUse.SIGN, NOW, PATIENT)
    await store.used("link-mauve", LinkUse.WITHDRAW, NOW, PATIENT)

    assert [what for what, _ in await trail(pool)] == [
        "made", "failed", "locked", "opened", "used", "withdrawn",
    ]  # fmt: skip
    with pytest.raises(asyncpg.RestrictViolationError):
        await pool.execute("DELETE FROM patient_link_audit")
