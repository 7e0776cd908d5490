"""The keys that sign people's decisions: one file, held by the doors alone.

Ed25519. The newest key signs; every key in the file can be verified with, also one whose private
half was taken out: what it signed stays on record for years. A worker has no use for this file.
"""

import hashlib
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import AwareDatetime

from runtime.key_file import (
    KeyPart,
    KeysError,
    Mark,
    Secret,
    base64url,
    locked,
    mark,
    publish,
    read,
    replace,
)
from runtime.settings import Settings


class DecisionKey(KeyPart):
    """One signing key. `id`: the fingerprint of its public half. `private`: None once retired."""

    id: str
    public: Secret
    private: Secret | None
    made_at: AwareDatetime


class DecisionKeyFile(KeyPart):
    """The file as it lies on disk, oldest key first. `issued_at`: when it was last changed."""

    version: int = 1
    issued_at: AwareDatetime
    keys: tuple[DecisionKey, ...]


class DecisionKeys:
    """The signing keys of one deployment. Follows its file: a rotation elsewhere is seen at the
    next use."""

    def __init__(self, content: DecisionKeyFile, path: Path | None = None) -> None:
        self._path = path
        self._seen: Mark | None = None
        self._take(content)

    @classmethod
    def in_memory(cls) -> "DecisionKeys":
        """A fresh key that is never written down, for tests."""
        return cls(_with_new_key(()))

    @classmethod
    def open(cls, path: Path, *, create: bool = False) -> "DecisionKeys":
        """The keys in `path`; made there when missing and `create`. Raises `KeysError`."""
        if create and not path.exists():
            publish(path, _with_new_key(()))
        seen = mark(path)
        keys = cls(_read(path), path)
        keys._seen = seen
        return keys

    @property
    def issued_ms(self) -> int:
        """When this set of keys was made, in milliseconds."""
        self._refresh()
        return int(self._content.issued_at.timestamp() * 1_000)

    @property
    def rotated(self) -> bool:
        """Whether there may be work that began under an older set of keys."""
        self._refresh()
        return len(self._content.keys) > 1

    @property
    def public(self) -> Mapping[str, str]:
        """Key id -> public key, of every key that signed anything: for reading the record."""
        self._refresh()
        return self._public

    @property
    def signing(self) -> Mapping[str, str]:
        """Key id -> public key, of those that may sign: what workflows are to know."""
        self._refresh()
        return {key_id: self._public[key_id] for key_id in self._private}

    def sign(self, key_id: str, content: bytes) -> bytes:
        """The signature of one key over some bytes."""
        return self._private[key_id].sign(content)

    @property
    def newest(self) -> str:
        """The id of the key that signs from now on."""
        self._refresh()
        return next(reversed(self._private))

    def list(self) -> tuple[DecisionKey, ...]:
        """All keys, oldest first (their text form shows no key)."""
        self._refresh()
        return self._content.keys

    def rotate(self) -> str:
        """Add a key that signs from now on; what older ones signed stays valid. Returns its id."""
        self._change(_with_new_key)
        return self.newest

    def retire(self, key_id: str) -> None:
        """Take out the private half of a key that signs no more. Raises `KeysError` for the
        newest, and for one that is not there."""
        if key_id == self.newest or key_id not in self._private:
            raise KeysError("only a key that no longer signs can be retired: rotate first")
        self._change(lambda keys: _without_private(keys, key_id))

    def _take(self, content: DecisionKeyFile) -> None:
        self._content = content
        self._public = {key.id: base64url(key.public) for key in content.keys}
        self._private = {
            key.id: Ed25519PrivateKey.from_private_bytes(key.private)
            for key in content.keys
            if key.private is not None
        }

    def _refresh(self) -> None:
        if self._path is None:
            return
        try:
            seen = mark(self._path)
            if seen != self._seen:
                self._take(_read(self._path))
                self._seen = seen
        except KeysError:
            # A file that is being replaced must not stop decisions under known keys.
            return

    def _change(self, change: Callable[[tuple[DecisionKey, ...]], DecisionKeyFile]) -> None:
        if self._path is None:
            self._take(change(self._content.keys))
            return
        with locked(self._path):
            replace(self._path, change(_read(self._path).keys))
            self._seen = mark(self._path)
            self._take(_read(self._path))


def open_decision_keys(settings: Settings) -> DecisionKeys | None:
    """The signing keys of this deployment: made on first use in training; None in production
    where no file is named. Raises `KeysError` for a file that cannot be used."""
    if settings.decision_key is None:
        return None
    return DecisionKeys.open(settings.decision_key, create=settings.training)


def _with_new_key(keys: tuple[DecisionKey, ...]) -> DecisionKeyFile:
    private = Ed25519PrivateKey.generate()
    public = private.public_key().public_bytes_raw()
    now = _now()
    fresh = DecisionKey(
        id=hashlib.sha256(public).hexdigest()[:16],
        public=public,
        private=private.private_bytes_raw(),
        made_at=now,
    )
    return DecisionKeyFile(issued_at=now, keys=(*keys, fresh))


def _without_private(keys: tuple[DecisionKey, ...], key_id: str) -> DecisionKeyFile:
    left = (k.model_copy(update={"private": None}) if k.id == key_id else k for k in keys)
    return DecisionKeyFile(issued_at=_now(), keys=tuple(left))


def _now() -> datetime:
    return datetime.fromtimestamp(time.time(), UTC)


def _read(path: Path) -> DecisionKeyFile:
    content = read(path, DecisionKeyFile)
    if content.version != 1 or not any(key.private for key in content.keys):
        raise KeysError(f"key file {path} holds no key that can sign")
    for key in content.keys:
        if key.id != hashlib.sha256(key.public).hexdigest()[:16]:
            raise KeysError(f"key file {path} names a key that is not its own")
    return content
