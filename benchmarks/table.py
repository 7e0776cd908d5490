"""The one table: ours, bare, their ratio, the target, and whether it is met."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from benchmarks.decisions import LIMIT_US
from benchmarks.measure import BARE, OURS, Findings, Report, Turn, quantile
from benchmarks.memory import Idle
from benchmarks.shape import Shape
from benchmarks.sides import Variant

RATE_TARGET = 0.8
P99_TARGET = 1.5
IDLE_TARGET_KIB = 200.0
VITALS_TARGET_MS = 25.0

SESSION = "-infusion-1"


@dataclass(frozen=True)
class Row:
    """One line. `target` and `verdict` are empty where nothing was promised."""

    what: str
    ours: str
    bare: str = ""
    ratio: str = ""
    target: str = ""
    verdict: str = ""


def rows(report: Report) -> list[Row]:
    """Everything that was measured, as lines; what was not is left out."""
    found, result = report.found, []
    if all(found[side].turns for side in (OURS, BARE)):
        result += [*_rates(found), *_latencies(found), *_readings(found)]
        result += [*_processor(found), *_driven(found)]
    if report.shape is not None:
        result += _size(report.shape)
    return [*result, *_memory(found), *_decisions(report.decisions)]


def as_markdown(lines: list[Row]) -> str:
    """The table for a terminal and for the document alike."""
    cells = [["", "ours", "bare", "ratio", "target", ""]]
    cells += [[r.what, r.ours, r.bare, r.ratio, r.target, r.verdict] for r in lines]
    widths = [max(len(row[n]) for row in cells) for n in range(len(cells[0]))]
    cells.insert(1, ["-" * width for width in widths])
    text = (
        "| " + " | ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) + " |"
        for row in cells
    )
    return "\n".join(text)


def _rates(found: Mapping[Variant, Findings]) -> list[Row]:
    def journeys(turn: Turn) -> float:
        return turn.journeys_s

    ours, bare = found[OURS], found[BARE]
    ratio = ours.median(journeys) / bare.median(journeys)
    updates = [f.median(lambda t: t.updates_s) for f in (ours, bare)]
    return [
        Row(
            "full journeys a second",
            _spread(ours, journeys),
            _spread(bare, journeys),
            f"{ratio:.2f}",
            f"at least {RATE_TARGET}",
            "ok" if ratio >= RATE_TARGET else f"short by {RATE_TARGET - ratio:.2f}",
        ),
        _plain("updates a second", *updates),
    ]


def _latencies(found: Mapping[Variant, Findings]) -> list[Row]:
    ours, bare = found[OURS], found[BARE]
    result = []
    for load, mine, theirs in (
        ("full load", ours.update_ms, bare.update_ms),
        ("calm", ours.calm_ms, bare.calm_ms),
    ):
        if not mine or not theirs:
            continue
        result.append(_plain(f"update p50, {load}, ms", quantile(mine, 0.5), quantile(theirs, 0.5)))
        p99 = quantile(mine, 0.99), quantile(theirs, 0.99)
        ratio = p99[0] / p99[1]
        result.append(
            Row(
                f"update p99, {load}, ms",
                f"{p99[0]:.0f}",
                f"{p99[1]:.0f}",
                f"{ratio:.2f}",
                f"at most {P99_TARGET}",
                "ok" if ratio <= P99_TARGET else f"short by {ratio - P99_TARGET:.2f}",
            )
        )
    return result


def _readings(found: Mapping[Variant, Findings]) -> list[Row]:
    """The answer a nurse at the chair waits for, and what our program adds to it."""
    ours, bare = found[OURS], found[BARE]
    result = []
    for load, mine, theirs in (
        ("full load", ours.vitals_ms, bare.vitals_ms),
        ("calm", ours.calm_vitals_ms, bare.calm_vitals_ms),
    ):
        if not mine or not theirs:
            continue
        for name, share in (("p50", 0.5), ("p99", 0.99)):
            values = quantile(mine, share), quantile(theirs, share)
            result.append(_reading(f"record_vitals {name}, {load}, ms", *values, name == "p50"))
    return result


def _reading(what: str, ours: float, bare: float, promised: bool) -> Row:
    more = ours - bare
    over = more - VITALS_TARGET_MS
    return Row(
        what,
        f"{ours:.1f}",
        f"{bare:.1f}",
        f"{more:+.1f} ms",
        f"under +{VITALS_TARGET_MS:.0f} ms" if promised else "",
        ("ok" if over < 0 else f"short by {over:.1f} ms") if promised else "",
    )


def _processor(found: Mapping[Variant, Findings]) -> list[Row]:
    parts: tuple[tuple[str, Callable[[Turn], float]], ...] = (
        ("workflow worker", lambda t: t.workflows_ms),
        ("activity worker", lambda t: t.activities_ms),
        ("driver", lambda t: t.driver_ms),
        ("server", lambda t: t.server_ms),
    )
    result = [
        _plain(f"CPU ms a journey, {name}", found[OURS].median(pick), found[BARE].median(pick))
        for name, pick in parts
    ]
    for variant, findings in found.items():
        if variant.without and findings.turns:
            less = ", ".join(layer.value for layer in variant.without)
            cpu = findings.median(lambda t: t.workflows_ms)
            rate = findings.median(lambda t: t.journeys_s)
            share = rate / found[BARE].median(lambda t: t.journeys_s)
            what = f"without {less}: workflow worker ms"
            result.append(Row(what, f"{cpu:.0f}", "", f"rate {share:.2f}"))
    return result


def _driven(found: Mapping[Variant, Findings]) -> list[Row]:
    events = [sum(found[v].events) / len(found[v].events) for v in (OURS, BARE)]
    return [_plain("events of a journey with its sessions, as driven", *events)]


def _size(shape: Shape) -> list[Row]:
    session, own = shape.parts[SESSION], shape.parts[""]
    return [
        Row("events, journey workflow / with its sessions", f"{own.events} / {_all_events(shape)}"),
        Row(
            "KiB of history, journey / with its sessions",
            f"{own.bytes / 1024:.0f} / {sum(p.bytes for p in shape.parts.values()) / 1024:.0f}",
        ),
        Row("one session: events / KiB", f"{session.events} / {session.bytes / 1024:.0f}"),
    ]


def _memory(found: Mapping[Variant, Findings]) -> list[Row]:
    ours, bare = found[OURS].idle, found[BARE].idle
    if ours is None or bare is None:
        return []
    over = ours.kib - IDLE_TARGET_KIB
    result = [
        Row(
            f"KiB of memory, idle cached journey ({ours.events} events)",
            _slope(ours),
            _slope(bare),
            f"{ours.kib / bare.kib:.2f}" if bare.kib > 0 else "",
            f"at most {IDLE_TARGET_KIB:.0f}",
            "ok" if over <= 0 else f"short by {over:.0f}",
        )
    ]
    if ours.python_kib is not None and bare.python_kib is not None:
        result.append(_plain("of it Python's objects", ours.python_kib, bare.python_kib))
        rest = ours.kib - ours.python_kib, bare.kib - bare.python_kib
        result.append(_plain("of it the engine's core and buffers", *rest))
    for variant, findings in found.items():
        if variant.without and findings.idle:
            less = ", ".join(layer.value for layer in variant.without)
            result.append(Row(f"without {less}: KiB, idle journey", _slope(findings.idle)))
    first = found[OURS].referred, found[BARE].referred
    if first[0] and first[1]:
        what = f"the same, just referred ({first[0].events} events)"
        result.append(_plain(what, first[0].kib, first[1].kib))
    return [*result, _plain("MiB of the worker before them", ours.worker_mib, bare.worker_mib)]


def _decisions(spent_us: Mapping[str, float]) -> list[Row]:
    """The slowest kind; `python -m benchmarks.decisions` shows them all."""
    if not spent_us:
        return []
    kind = max(spent_us, key=lambda name: spent_us[name])
    over = spent_us[kind] - LIMIT_US
    return [
        Row(
            f"slowest of {len(spent_us)} clinical decisions ({kind}), us",
            f"{spent_us[kind]:.0f}",
            target=f"under {LIMIT_US}",
            verdict="ok" if over < 0 else f"short by {over:.0f}",
        )
    ]


def _all_events(shape: Shape) -> int:
    return sum(part.events for part in shape.parts.values())


def _spread(findings: Findings, pick: Callable[[Turn], float]) -> str:
    low, high = findings.spread(pick)
    return f"{findings.median(pick):.2f} ({low:.2f}-{high:.2f})"


def _slope(idle: Idle) -> str:
    return f"{idle.kib:.0f} ({idle.halves[0]:.0f}-{idle.halves[1]:.0f})"


def _plain(what: str, ours: float, bare: float) -> Row:
    return Row(what, f"{ours:.0f}", f"{bare:.0f}", f"{ours / bare:.2f}" if bare else "")
