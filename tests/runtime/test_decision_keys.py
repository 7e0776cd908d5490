"""The keys that sign decisions: one file, closed to others, rotated while doors are open."""

import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from clinical.decision_signature import key_id_of, unpadded
from runtime.decision_keys import DecisionKeys
from runtime.keys import KeysError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "decision-keys.json"


def test_a_key_is_made_once_and_closed_to_others(path: Path) -> None:
    first = DecisionKeys.open(path, create=True)
    again = DecisionKeys.open(path, create=True)

    assert first.newest == again.newest
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_key_is_named_by_its_own_fingerprint(path: Path) -> None:
    keys = DecisionKeys.open(path, create=True)
    (key,) = keys.list()

    assert key.id == key_id_of(key.public)
    assert keys.public == {key.id: unpadded(key.public)}


def test_what_is_signed_can_be_verified_with_the_public_half(path: Path) -> None:
    keys = DecisionKeys.open(path, create=True)
    (key,) = keys.list()

    Ed25519PublicKey.from_public_bytes(key.public).verify(keys.sign(key.id, b"words"), b"words")


def test_another_process_takes_a_rotation_up(path: Path) -> None:
    door = DecisionKeys.open(path, create=True)
    old, issued = door.newest, door.issued_ms
    assert not door.rotated

    new = DecisionKeys.open(path).rotate()

    assert door.newest == new != old
    assert door.rotated
    assert set(door.signing) == {old, new}
    assert door.issued_ms >= issued


def test_a_retired_key_signs_no_more_and_is_still_known_to_the_record(path: Path) -> None:
    keys = DecisionKeys.open(path, create=True)
    old, new = keys.newest, keys.rotate()

    keys.retire(old)

    assert set(keys.signing) == {new}
    assert set(keys.public) == {old, new}
    with pytest.raises(KeysError):
        keys.retire(new)
    with pytest.raises(KeysError):
        keys.retire("nobody")


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"version": 1, "keys": []}'])
def test_a_file_that_is_no_key_file_is_refused_by_name(path: Path, content: str) -> None:
    path.parent.mkdir()
    path.write_text(content, encoding="utf-8")
    path.chmod(0o600)

    with pytest.raises(KeysError, match=path.name):
        DecisionKeys.open(path)


def test_a_file_open_to_everyone_is_refused(path: Path) -> None:
    DecisionKeys.open(path, create=True)
    path.chmod(0o644)

    with pytest.raises(KeysError, match="open to everyone"):
        DecisionKeys.open(path)


def test_a_key_that_goes_by_another_name_is_refused(path: Path) -> None:
    keys = DecisionKeys.open(path, create=True)
    text = path.read_text(encoding="utf-8").replace(keys.newest, "f" * 16)
    path.write_text(text, encoding="utf-8")

    with pytest.raises(KeysError, match="not its own"):
        DecisionKeys.open(path)


def test_no_key_shows_itself(path: Path) -> None:
    (key,) = DecisionKeys.open(path, create=True).list()

    assert str(key) == repr(key) == "<DecisionKey>"
