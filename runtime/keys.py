"""The keys that seal what people said and measured: versioned, rotated, one file.

`KeyRing` holds AES-256 keys by id (the newest seals, all open) and the HMAC key that turns a
referral into a journey id. A journey can be *sealed off*: its payloads are no longer opened here.
That is a deny-list, not destruction: whoever holds the ring's keys and an old copy of this file
could still read them. True crypto-shredding needs one destroyable key for each journey.
"""

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import AwareDatetime

from runtime.key_file import (
    KEY_BYTES,
    KeyPart,
    KeysError,
    Mark,
    Secret,
    locked,
    mark,
    publish,
    read,
    replace,
)
from runtime.settings import Settings

__all__ = ["KeyFile", "KeyRing", "KeysError", "PayloadKey", "UnknownKeyError", "open_keyring"]


class UnknownKeyError(Exception):
    """A payload was sealed under a key that is not in the ring now; try again when it is back."""

    def __init__(self) -> None:
        super().__init__("payload key is not in the ring")


class PayloadKey(KeyPart):
    """One AES-256 key, its id and when it was made."""

    id: str
    key: Secret
    made_at: AwareDatetime


class KeyFile(KeyPart):
    """The file as it lies on disk, oldest key first."""

    version: int = 1
    referral_key: Secret
    payload_keys: tuple[PayloadKey, ...]
    sealed_off: tuple[str, ...] = ()


class KeyRing:
    """Keys of one deployment. Follows its file: a rotation elsewhere is seen at the next use."""

    def __init__(self, content: KeyFile, path: Path | None = None) -> None:
        self._path = path
        self._seen: Mark | None = None
        self._take(content)

    @classmethod
    def in_memory(cls) -> "KeyRing":
        """Fresh keys that are never written down, for tests and the time-skipping server."""
        return cls(_fresh())

    @classmethod
    def open(cls, path: Path, *, create: bool = False) -> "KeyRing":
        """The ring in `path`; made there when missing and `create`. Raises `KeysError`."""
        if create and not path.exists():
            publish(path, _fresh())
        seen = mark(path)
        ring = cls(_read(path), path)
        ring._seen = seen
        return ring

    @property
    def newest(self) -> tuple[str, AESGCM]:
        """Id and cipher that seal from now on."""
        self._refresh()
        return self._newest

    @property
    def referral_key(self) -> bytes:
        """HMAC key for journey ids; it never changes, or a referral would start twice."""
        return self._content.referral_key

    def cipher(self, key_id: str) -> AESGCM:
        """The cipher of one key. Raises `UnknownKeyError`, which is worth a retry."""
        found = self._ciphers.get(key_id)
        if found is None:
            self._refresh(force=True)
            found = self._ciphers.get(key_id)
        if found is None:
            raise UnknownKeyError
        return found

    def minted(self, key_id: str) -> bool:
        """Whether this deployment made that id. A made-up id is a forgery, not a lost key."""
        stem, _, tag = key_id.rpartition("-")
        return hmac.compare_digest(tag.encode(), _tag(self.referral_key, stem).encode())

    def list(self) -> tuple[PayloadKey, ...]:
        """All payload keys, oldest first (their text form shows no key)."""
        self._refresh()
        return self._content.payload_keys

    def rotate(self) -> str:
        """Add a key that seals from now on; old ones keep opening. Returns its id."""
        self._change(_with_new_key)
        return self._newest[0]

    def shred(self, journey: str) -> None:
        """Seal a journey off, its sessions included: its payloads are not opened here again."""
        self._change(
            lambda now: now.model_copy(
                update={"sealed_off": tuple(sorted({*now.sealed_off, journey}))}
            )
        )

    def sealed_off(self, workflow_id: str) -> bool:
        """Whether that workflow, or the journey it belongs to, was sealed off."""
        if not self._sealed_off:
            return False
        parts = workflow_id.split("-")
        return any("-".join(parts[:n]) in self._sealed_off for n in range(1, len(parts) + 1))

    def _take(self, content: KeyFile) -> None:
        self._content = content
        self._ciphers = {k.id: AESGCM(k.key) for k in content.payload_keys}
        last = content.payload_keys[-1].id
        self._newest = (last, self._ciphers[last])
        self._sealed_off = frozenset(content.sealed_off)

    def _refresh(self, *, force: bool = False) -> None:
        if self._path is None:
            return
        try:
            seen = mark(self._path)
            if seen == self._seen and not force:
                return
            self._take(_read(self._path))
            self._seen = seen
        except KeysError:
            # A file that is being replaced or was unmounted must not stop work under known keys.
            return

    def _change(self, change: Callable[[KeyFile], KeyFile]) -> None:
        if self._path is None:
            self._take(change(self._content))
            return
        with locked(self._path):
            changed = change(_read(self._path))
            replace(self._path, changed)
            self._seen = mark(self._path)
        self._take(changed)


def open_keyring(settings: Settings) -> KeyRing:
    """The ring of this deployment: made on first use in training, required in production."""
    if settings.keys is None:
        raise KeysError("JOURNEY_KEYS names no key file")
    return KeyRing.open(settings.keys, create=settings.training)


def _tag(referral_key: bytes, stem: str) -> str:
    return hmac.new(referral_key, b"key-id\0" + stem.encode(), hashlib.sha256).hexdigest()[:16]


def _fresh() -> KeyFile:
    empty = KeyFile(referral_key=secrets.token_bytes(KEY_BYTES), payload_keys=())
    return _with_new_key(empty)


def _with_new_key(now: KeyFile) -> KeyFile:
    stem = f"k{len(now.payload_keys) + 1}-{secrets.token_hex(4)}"
    key = PayloadKey(
        id=f"{stem}-{_tag(now.referral_key, stem)}",
        key=secrets.token_bytes(KEY_BYTES),
        made_at=datetime.fromtimestamp(time.time(), UTC),
    )
    return now.model_copy(update={"payload_keys": (*now.payload_keys, key)})


def _read(path: Path) -> KeyFile:
    content = read(path, KeyFile)
    if content.version != 1 or not content.payload_keys:
        raise KeysError(f"key file {path} holds no keys this release can use")
    return content
