"""Everything that passes through the engine is sealed to the journey it belongs to.

AES-256-GCM with a random nonce. The associated data bind format version, key id, namespace, scope
and workflow id, so that a payload lifted from another person's journey does not open. A payload
that cannot be trusted is *refused*, not raised: the workflow then dead-letters one message
instead of being stuck on it. Only a key that is missing raises, because it may come back.
"""

import os
import zlib
from collections.abc import Sequence
from typing import Final, Self

from cryptography.exceptions import InvalidTag
from google.protobuf.message import DecodeError
from temporalio.api.common.v1 import Payload
from temporalio.converter import (
    ActivitySerializationContext,
    PayloadCodec,
    SerializationContext,
    WithSerializationContext,
    WorkflowSerializationContext,
)

from runtime.keys import KeyRing
from runtime.names import REFUSED_ENCODING

ENCRYPTED: Final = b"binary/encrypted"
CIPHER: Final = b"AES-256-GCM"
VERSION: Final = b"1"
NONCE_BYTES: Final = 12

SQUEEZED: Final = b"binary/zlib"
"""Encoding of what lies under the seal when it was made smaller first: a worker keeps several
copies of what its sleeping journeys began with, and the engine every payload for years."""

WORTH_SQUEEZING_BYTES: Final = 512
SQUEEZABLE_BYTES: Final = 2 * 1024 * 1024
"""What is larger is sealed as it is, so that the engine's limit on payloads means what it says;
and nothing that opens to more is opened, so that no small payload fills a worker's memory."""
SQUEEZE_LEVEL: Final = 1

WORKFLOW: Final = b"workflow"
"""Sealed to one workflow id."""

NAMESPACE: Final = b"namespace"
"""Sealed to the namespace only: it came through the codec routes, which know no workflow id."""

TAMPERED: Final = "tampered"
FOREIGN: Final = "foreign"
UNKNOWN_VERSION: Final = "unknown-version"
PLAIN: Final = "plain"
SEALED_OFF: Final = "sealed-off"


class SealingCodec(PayloadCodec, WithSerializationContext):
    """Seals and opens payloads; `with_context` says for which workflow."""

    def __init__(
        self, ring: KeyRing, namespace: str, *, accept_plain: bool, workflow_id: str | None = None
    ) -> None:
        self._ring = ring
        self._namespace = namespace
        self._accept_plain = accept_plain
        self._workflow_id = workflow_id

    def with_context(self, context: SerializationContext) -> Self:
        """The same codec for the workflow that the payloads belong to."""
        match context:
            case WorkflowSerializationContext() | ActivitySerializationContext():
                workflow_id = context.workflow_id
            case _:
                workflow_id = None
        return type(self)(
            self._ring,
            self._namespace,
            accept_plain=self._accept_plain,
            workflow_id=workflow_id or None,
        )

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Every payload sealed under the newest key."""
        return [self._seal(payload) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Every payload opened or refused. Raises `UnknownKeyError` when a key is missing."""
        return [self._open(payload) for payload in payloads]

    def _seal(self, payload: Payload) -> Payload:
        key_id, cipher = self._ring.newest
        scope = WORKFLOW if self._workflow_id else NAMESPACE
        sealed_for = (self._workflow_id or "").encode()
        nonce = os.urandom(NONCE_BYTES)
        bound = self._bound(key_id.encode(), scope, sealed_for)
        metadata = {
            "encoding": ENCRYPTED,
            "encryption-key-id": key_id.encode(),
            "cipher": CIPHER,
            "codec-version": VERSION,
            "scope": scope,
        }
        if sealed_for:
            metadata["sealed-for"] = sealed_for
        sealed = nonce + cipher.encrypt(nonce, _squeezed(payload), bound)
        return Payload(metadata=metadata, data=sealed)

    def _open(self, payload: Payload) -> Payload:
        metadata = payload.metadata
        encoding = metadata.get("encoding", b"")
        if encoding != ENCRYPTED:
            plain = self._accept_plain and encoding != REFUSED_ENCODING
            return payload if plain else _refused(PLAIN)
        if metadata.get("codec-version") != VERSION or metadata.get("cipher") != CIPHER:
            return _refused(UNKNOWN_VERSION)
        scope, sealed_for = metadata.get("scope", b""), metadata.get("sealed-for", b"")
        if not self._belongs(scope, sealed_for):
            return _refused(FOREIGN)
        try:
            key_id = metadata.get("encryption-key-id", b"").decode()
            workflow_id = self._workflow_id or sealed_for.decode()
        except UnicodeDecodeError:
            return _refused(TAMPERED)
        if self._ring.sealed_off(workflow_id):
            return _refused(SEALED_OFF)
        return self._opened(payload, key_id, self._bound(key_id.encode(), scope, sealed_for))

    def _belongs(self, scope: bytes, sealed_for: bytes) -> bool:
        """Whether the payload says it is meant for where it was found (the seal proves it).

        A session also opens what its own journey sealed: the engine seals a child's static
        summary for the parent (measured on SDK 1.35; all else is sealed for its target)."""
        if scope == NAMESPACE:
            return not sealed_for
        if scope != WORKFLOW or not sealed_for:
            return False
        found_in = f"{self._workflow_id}-".encode()
        return self._workflow_id is None or found_in.startswith(sealed_for + b"-")

    def _opened(self, payload: Payload, key_id: str, bound: bytes) -> Payload:
        # Only an id of our own making is waited for: anyone who may signal could otherwise stop
        # a journey for good with an invented one.
        if not self._ring.minted(key_id):
            return _refused(FOREIGN)
        cipher = self._ring.cipher(key_id)
        nonce, sealed = payload.data[:NONCE_BYTES], payload.data[NONCE_BYTES:]
        try:
            return _let_out(Payload.FromString(cipher.decrypt(nonce, sealed, bound)))
        except (InvalidTag, DecodeError, ValueError, zlib.error):
            return _refused(TAMPERED)

    def _bound(self, key_id: bytes, scope: bytes, sealed_for: bytes) -> bytes:
        """The associated data; lengths go first so that no two sets of parts look alike."""
        parts = (VERSION, key_id, self._namespace.encode(), scope, sealed_for)
        return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def _squeezed(payload: Payload) -> bytes:
    plain = payload.SerializeToString()
    if not WORTH_SQUEEZING_BYTES <= len(plain) <= SQUEEZABLE_BYTES:
        return plain
    small = zlib.compress(plain, SQUEEZE_LEVEL)
    squeezed = Payload(metadata={"encoding": SQUEEZED}, data=small).SerializeToString()
    return min(squeezed, plain, key=len)


def _let_out(payload: Payload) -> Payload:
    if payload.metadata.get("encoding") != SQUEEZED:
        return payload
    opener = zlib.decompressobj()
    plain = opener.decompress(payload.data, SQUEEZABLE_BYTES)
    if not opener.eof:
        raise ValueError("more than may be opened, or cut off")
    return Payload.FromString(plain)


def _refused(reason: str) -> Payload:
    return Payload(metadata={"encoding": REFUSED_ENCODING, "reason": reason.encode()})
