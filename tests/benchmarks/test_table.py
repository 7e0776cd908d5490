"""The table says what was promised, what was seen, and by how much it falls short."""

from benchmarks.measure import BARE, OURS, Findings, Report, Turn
from benchmarks.memory import Idle
from benchmarks.table import Row, as_markdown, rows


def turn(journeys_s: float) -> Turn:
    return Turn(journeys_s, 20.0, 300.0, 40.0, 50.0, 500.0)


def report(
    *, journeys_s: float = 0.9, p99_ms: float = 12.0, vitals_ms: float = 14.0, idle_kib: float = 150
) -> Report:
    """Bare: one journey a second, 10 ms an update, 200 KiB an idle journey."""
    ours = Findings(
        turns=[turn(journeys_s)],
        update_ms=[p99_ms],
        calm_ms=[10.0],
        vitals_ms=[vitals_ms],
        calm_vitals_ms=[vitals_ms],
        events=[480],
        idle=Idle(idle_kib, (idle_kib - 5, idle_kib + 5), 120, 70.0, 90.0),
        referred=Idle(90.0, (90.0, 90.0), 25, 70.0),
    )
    bare = Findings(
        turns=[turn(1.0)],
        update_ms=[10.0],
        calm_ms=[10.0],
        vitals_ms=[10.0],
        calm_vitals_ms=[10.0],
        events=[480],
        idle=Idle(200.0, (195.0, 205.0), 118, 70.0, 50.0),
        referred=Idle(80.0, (80.0, 80.0), 25, 70.0),
    )
    return Report(decisions={"dose": 30.0, "schedule": 90.0}, found={OURS: ours, BARE: bare})


def row(of: Report, what: str) -> Row:
    return next(line for line in rows(of) if line.what.startswith(what))


def test_every_promise_that_is_kept_says_ok() -> None:
    promised = [line for line in rows(report()) if line.target]

    assert {line.verdict for line in promised} == {"ok"}
    assert len(promised) == 7


def test_a_promise_that_is_not_kept_says_by_how_much() -> None:
    short = report(journeys_s=0.7, p99_ms=17.0, vitals_ms=36.5, idle_kib=260.0)
    short.decisions["schedule"] = 140.0

    assert row(short, "full journeys").verdict == "short by 0.10"
    assert row(short, "update p99, full load").verdict == "short by 0.20"
    assert row(short, "record_vitals p50, calm").verdict == "short by 1.5 ms"
    assert row(short, "KiB of memory, idle").verdict == "short by 60"
    assert row(short, "slowest of 2 clinical decisions (schedule)").verdict == "short by 40"


def test_a_reading_shows_what_our_program_adds_to_its_answer() -> None:
    assert row(report(), "record_vitals p50, full load").ratio == "+4.0 ms"


def test_idle_memory_is_told_apart_into_our_objects_and_the_engines_core() -> None:
    assert row(report(), "of it Python's objects").ours == "90"
    assert row(report(), "of it the engine's core").ours == "60"


def test_what_was_not_measured_is_left_out_of_the_table() -> None:
    assert rows(Report(found={OURS: Findings(), BARE: Findings()})) == []

    seen = report()
    seen.found[OURS].calm_ms, seen.found[OURS].calm_vitals_ms = [], []
    assert not [line for line in rows(seen) if "calm" in line.what]
    assert "full load" in as_markdown(rows(seen))
