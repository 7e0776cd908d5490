"""What is sealed opens only where it belongs; what cannot be trusted is refused, not raised."""

import zlib
from collections.abc import Callable

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.converter import (
    ActivitySerializationContext,
    NexusSerializationContext,
    WorkflowSerializationContext,
)

from runtime.codec import SQUEEZABLE_BYTES, SQUEEZED, SealingCodec
from runtime.keys import KeyRing, UnknownKeyError
from runtime.names import REFUSED_ENCODING

WORDS = Payload(metadata={"encoding": b"json/plain"}, data=b'"sleeps badly since March"')


@pytest.fixture
def codec(ring: KeyRing) -> SealingCodec:
    return SealingCodec(ring, "default", accept_plain=False)


def of(codec: SealingCodec, workflow_id: str) -> SealingCodec:
    return codec.with_context(
        WorkflowSerializationContext(namespace="default", workflow_id=workflow_id)
    )


async def sealed(codec: SealingCodec) -> Payload:
    (payload,) = await codec.encode([WORDS])
    return payload


async def opened(codec: SealingCodec, payload: Payload) -> Payload:
    (back,) = await codec.decode([payload])
    return back


def reason(payload: Payload) -> str:
    assert payload.metadata["encoding"] == REFUSED_ENCODING
    assert payload.data == b""
    return payload.metadata["reason"].decode()


async def test_a_payload_opens_in_its_workflow_and_says_how_it_was_sealed(
    codec: SealingCodec, ring: KeyRing
) -> None:
    payload = await sealed(of(codec, "journey-a"))

    assert await opened(of(codec, "journey-a"), payload) == WORDS
    assert b"sleeps" not in payload.SerializeToString()
    assert dict(payload.metadata) == {
        "encoding": b"binary/encrypted",
        "encryption-key-id": ring.newest[0].encode(),
        "cipher": b"AES-256-GCM",
        "codec-version": b"1",
        "scope": b"workflow",
        "sealed-for": b"journey-a",
    }


async def test_the_same_words_never_look_the_same(codec: SealingCodec) -> None:
    assert (await sealed(codec)).data != (await sealed(codec)).data


async def test_an_activity_speaks_for_its_workflow(codec: SealingCodec) -> None:
    activity = codec.with_context(
        ActivitySerializationContext(
            namespace="default",
            activity_id="1",
            activity_type=None,
            activity_task_queue=None,
            workflow_id="journey-a",
            workflow_type=None,
            is_local=False,
        )
    )

    assert await opened(of(codec, "journey-a"), await sealed(activity)) == WORDS


async def test_a_session_opens_what_its_journey_sealed_but_not_the_other_way(
    codec: SealingCodec,
) -> None:
    journey, session = of(codec, "journey-a"), of(codec, "journey-a-infusion-1")

    assert await opened(session, await sealed(journey)) == WORDS
    assert reason(await opened(journey, await sealed(session))) == "foreign"
    assert reason(await opened(of(codec, "journey-ab"), await sealed(journey))) == "foreign"


async def test_without_context_it_is_sealed_to_the_namespace_and_marked_so(
    codec: SealingCodec,
) -> None:
    for without in (codec, codec.with_context(NexusSerializationContext("e", "s", "o"))):
        payload = await sealed(without)

        assert payload.metadata["scope"] == b"namespace"
        assert "sealed-for" not in payload.metadata
        assert await opened(of(codec, "journey-a"), payload) == WORDS
    assert await opened(codec, await sealed(of(codec, "journey-a"))) == WORDS


def renamed(name: str, value: bytes | None) -> Callable[[Payload], None]:
    def change(payload: Payload) -> None:
        if value is None:
            del payload.metadata[name]
        else:
            payload.metadata[name] = value

    return change


def flipped(place: int) -> Callable[[Payload], None]:
    def change(payload: Payload) -> None:
        data = bytearray(payload.data)
        data[place] ^= 1
        payload.data = bytes(data)

    return change


def emptied(payload: Payload) -> None:
    payload.data = b""


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (flipped(0), "tampered"),
        (flipped(-1), "tampered"),
        (emptied, "tampered"),
        (renamed("codec-version", b"2"), "unknown-version"),
        (renamed("codec-version", None), "unknown-version"),
        (renamed("cipher", b"none"), "unknown-version"),
        (renamed("scope", b"world"), "foreign"),
        (renamed("scope", None), "foreign"),
        (renamed("scope", b"namespace"), "foreign"),
        (renamed("sealed-for", b"journey-b"), "foreign"),
        (renamed("sealed-for", b"journey"), "tampered"),
        (renamed("sealed-for", b"\xff"), "foreign"),
        (renamed("sealed-for", b""), "foreign"),
        (renamed("encryption-key-id", b"k1-invented"), "foreign"),
        (renamed("encryption-key-id", b"\xff"), "tampered"),
        (renamed("encryption-key-id", None), "foreign"),
        (renamed("encoding", b"json/plain"), "plain"),
        (renamed("encoding", None), "plain"),
    ],
)
async def test_a_payload_that_was_touched_is_refused(
    codec: SealingCodec, change: Callable[[Payload], None], why: str
) -> None:
    here = of(codec, "journey-a")
    payload = await sealed(here)

    change(payload)

    assert reason(await opened(here, payload)) == why


async def test_turning_a_workflow_seal_into_a_namespace_seal_is_tampering(
    codec: SealingCodec,
) -> None:
    payload = await sealed(of(codec, "journey-b"))
    payload.metadata["scope"] = b"namespace"
    del payload.metadata["sealed-for"]

    assert reason(await opened(of(codec, "journey-a"), payload)) == "tampered"


async def test_another_namespace_or_another_deployment_cannot_open_it(
    codec: SealingCodec, ring: KeyRing
) -> None:
    payload = await sealed(codec)

    neighbour = SealingCodec(ring, "elsewhere", accept_plain=False)
    stranger = SealingCodec(KeyRing.in_memory(), "default", accept_plain=False)
    assert reason(await opened(neighbour, payload)) == "tampered"
    assert reason(await opened(stranger, payload)) == "foreign"


async def test_after_a_rotation_old_payloads_open_and_new_ones_use_the_new_key(
    codec: SealingCodec, ring: KeyRing
) -> None:
    old = await sealed(codec)

    made = ring.rotate()

    new = await sealed(codec)
    assert new.metadata["encryption-key-id"].decode() == made
    assert old.metadata["encryption-key-id"] != new.metadata["encryption-key-id"]
    assert await codec.decode([old, new]) == [WORDS, WORDS]


async def test_a_key_of_ours_that_is_away_raises_so_that_the_task_is_tried_again(
    codec: SealingCodec, ring: KeyRing, monkeypatch: pytest.MonkeyPatch
) -> None:
    payload = await sealed(codec)
    monkeypatch.setattr(ring, "_ciphers", {})

    with pytest.raises(UnknownKeyError) as raised:
        await codec.decode([payload])
    assert payload.metadata["encryption-key-id"].decode() not in str(raised.value)


async def test_plain_payloads_pass_only_where_the_deployment_says_so(ring: KeyRing) -> None:
    training = SealingCodec(ring, "default", accept_plain=True)
    forged = Payload(metadata={"encoding": REFUSED_ENCODING, "reason": b"x"})

    assert await opened(training, WORDS) == WORDS
    assert reason(await opened(training, forged)) == "plain"


async def test_a_journey_that_was_sealed_off_is_not_opened_any_more(
    codec: SealingCodec, ring: KeyRing
) -> None:
    theirs = await sealed(of(codec, "journey-a"))
    session = await sealed(of(codec, "journey-a-infusion-1"))
    others = await sealed(of(codec, "journey-b"))

    ring.shred("journey-a")

    assert reason(await opened(of(codec, "journey-a"), theirs)) == "sealed-off"
    assert reason(await opened(codec, session)) == "sealed-off"
    assert await opened(codec, others) == WORDS


LONG = Payload(metadata={"encoding": b"json/plain"}, data=b'"' + b"sleeps badly. " * 400 + b'"')


async def test_a_long_payload_is_made_smaller_and_opens_as_it_was(codec: SealingCodec) -> None:
    (payload,) = await of(codec, "journey-a").encode([LONG])

    assert payload.ByteSize() < LONG.ByteSize() / 5
    assert await opened(of(codec, "journey-a"), payload) == LONG


async def test_a_short_payload_is_sealed_as_it_is(codec: SealingCodec) -> None:
    payload = await sealed(of(codec, "journey-a"))

    assert payload.ByteSize() > WORDS.ByteSize()
    assert await opened(of(codec, "journey-a"), payload) == WORDS


async def test_what_is_too_large_to_be_sent_is_not_made_to_fit(codec: SealingCodec) -> None:
    field_header = 4
    at_the_limit = Payload(data=b"x" * (SQUEEZABLE_BYTES - field_header))
    over_it = Payload(data=b"x" * (SQUEEZABLE_BYTES - field_header + 1))

    sent = await codec.encode([at_the_limit, over_it])

    assert sent[0].ByteSize() < SQUEEZABLE_BYTES / 100
    assert sent[1].ByteSize() > SQUEEZABLE_BYTES
    assert await codec.decode(sent) == [at_the_limit, over_it]


@pytest.mark.parametrize(
    "inside",
    [zlib.compress(b"x" * (SQUEEZABLE_BYTES + 1)), b"not squeezed at all", b""],
    ids=["opens to more than may be", "nonsense", "nothing"],
)
async def test_a_sealed_payload_that_does_not_open_to_its_words_is_refused(
    codec: SealingCodec, inside: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runtime.codec.WORTH_SQUEEZING_BYTES", SQUEEZABLE_BYTES)
    (payload,) = await codec.encode([Payload(metadata={"encoding": SQUEEZED}, data=inside)])

    assert reason(await opened(codec, payload)) == "tampered"
