"""The key file: one for everybody, rotated without losing what was sealed before."""

import multiprocessing
import stat
from pathlib import Path

import pytest

from runtime.keys import KeyRing, KeysError, UnknownKeyError, open_keyring
from runtime.settings import Settings


def open_and_tell(path: Path, answers: "multiprocessing.Queue[bytes]") -> None:
    answers.put(KeyRing.open(path, create=True).referral_key)


def test_processes_that_start_together_end_up_with_one_file(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    context = multiprocessing.get_context("spawn")
    answers: multiprocessing.Queue[bytes] = context.Queue()
    racers = [context.Process(target=open_and_tell, args=(path, answers)) for _ in range(4)]

    for racer in racers:
        racer.start()
    seen = {answers.get(timeout=60) for _ in racers}
    for racer in racers:
        racer.join()

    assert seen == {KeyRing.open(path).referral_key}
    assert [each.name for each in tmp_path.iterdir()] == ["keys.json"]


def test_the_file_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "keys.json"
    ring = KeyRing.open(path, create=True)
    ring.rotate()

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o604)
    with pytest.raises(KeysError, match="open to everyone"):
        KeyRing.open(path)


def test_a_key_is_never_shown(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    ring = KeyRing.open(path, create=True)

    secret = path.read_text().split('"key": "')[1][:44]
    assert secret not in repr(ring.list()) + str(ring.list()) + repr(ring)
    assert [key.id for key in ring.list()] == [ring.newest[0]]


def test_a_rotation_elsewhere_is_seen_at_the_next_use(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    here = KeyRing.open(path, create=True)
    before, _ = here.newest
    there = KeyRing.open(path)

    made = there.rotate()

    assert here.newest[0] == made != before
    assert here.cipher(before)
    assert [key.id for key in here.list()] == [before, made]


def test_a_missing_key_is_looked_for_once_more_and_then_worth_a_retry(tmp_path: Path) -> None:
    ring = KeyRing.open(tmp_path / "keys.json", create=True)
    elsewhere = KeyRing.open(tmp_path / "other.json", create=True)

    with pytest.raises(UnknownKeyError):
        ring.cipher(elsewhere.newest[0])
    assert ring.minted(ring.newest[0])
    assert not ring.minted(elsewhere.newest[0])
    assert not ring.minted("")


def test_known_keys_keep_working_while_the_file_is_away(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    ring = KeyRing.open(path, create=True)
    key_id, _ = ring.newest

    path.unlink()

    assert ring.newest[0] == key_id
    with pytest.raises(KeysError):
        ring.rotate()
    assert not path.exists()


@pytest.mark.parametrize("content", ["", "{}", "not json", '{"version": 1, "payload_keys": []}'])
def test_a_file_that_is_no_key_file_is_refused_and_left_alone(tmp_path: Path, content: str) -> None:
    path = tmp_path / "keys.json"
    path.write_text(content)
    path.chmod(0o600)

    with pytest.raises(KeysError, match="is not a key file"):
        KeyRing.open(path, create=True)
    assert path.read_text() == content


def test_sealing_off_a_journey_covers_its_sessions_and_nobody_else(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    ring = KeyRing.open(path, create=True)
    ring.shred("journey-abc")
    ring.rotate()

    again = KeyRing.open(path)
    assert again.sealed_off("journey-abc")
    assert again.sealed_off("journey-abc-infusion-3")
    assert not again.sealed_off("journey-abcd")
    assert not again.sealed_off("journey-ab")


def test_production_never_makes_a_key_file(tmp_path: Path, settings: Settings) -> None:
    path = tmp_path / "keys.json"
    with pytest.raises(KeysError):
        KeyRing.open(path)
    assert not path.exists()
    with pytest.raises(KeysError):
        open_keyring(settings.model_copy(update={"environment": "production"}))
    assert open_keyring(settings.model_copy(update={"keys": path})).newest
