"""Plots as points on paper: where each mark goes. Pages draw them as SVG beside the same table."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple

from clinical.scales import SCALES
from console.moments import day_at
from schemas.reevaluation import Instrument
from schemas.transfer import TransferHistory
from service.fact_words import SCALE_NAMES
from service.report_lines import ReportLine, ResponseLine
from service.rows import ScoreRow, SessionRow

WIDTH: Final = 360
HEIGHT: Final = 170
LEFT, RIGHT, TOP, BOTTOM = 34, 348, 14, 138
"""The plot's own edges in its picture."""
DRAWN: Final = (Instrument.PHQ9, Instrument.MADRS, Instrument.QIDS_SR16)
MOST_DATES: Final = 3
BAR, GAP = 18, 22


class Point(NamedTuple):
    """One mark. `elsewhere`: it was measured at another clinic."""

    x: float
    y: float
    value: float
    elsewhere: bool = False


class Tick(NamedTuple):
    """One label of an axis, at its place along it."""

    at: float
    label: str
    on: date | None = None


class Entry(NamedTuple):
    """One line of the table twin: a score or a treatment day."""

    at: datetime
    value: float | None
    elsewhere: bool


class ScorePanel(NamedTuple):
    """The scores of one scale over time. `days`: where treatment days stand. `remission`: the
    highest score that counts as remission, and how high that is drawn."""

    instrument: str
    name: str
    points: tuple[Point, ...]
    days: tuple[float, ...]
    heights: tuple[Tick, ...]
    dates: tuple[Tick, ...]
    remission: Tick | None
    entries: tuple[Entry, ...]

    @property
    def line(self) -> str:
        """The points joined."""
        return _joined(self.points)

    @property
    def from_elsewhere(self) -> bool:
        """Whether a point of it was measured at another clinic."""
        return any(point.elsewhere for point in self.points)


class SharePanel(NamedTuple):
    """Shares of one instrument by week of treatment, percent."""

    instrument: str
    name: str
    responded: tuple[Point, ...]
    remitted: tuple[Point, ...]
    heights: tuple[Tick, ...]
    weeks: tuple[Tick, ...]

    @property
    def response_line(self) -> str:
        """The shares of response joined."""
        return _joined(self.responded)

    @property
    def remission_line(self) -> str:
        """The shares of remission joined."""
        return _joined(self.remitted)


class Bar(NamedTuple):
    """One bar: its codes, how far it goes, its number. `small`: few stand behind it."""

    codes: tuple[str, ...]
    y: float
    length: float
    value: float
    small: bool


def score_panels(
    scores: Sequence[ScoreRow],
    sessions: Sequence[SessionRow],
    carried: TransferHistory | None,
    remission: Mapping[Instrument, float],
    zone: str,
) -> tuple[ScorePanel, ...]:
    """One plot for each scale that was taken, all over the same time."""
    taken = [(s.instrument, Entry(s.taken_at, s.total, False)) for s in scores]
    dosed = [Entry(day.dosed_at, None, False) for day in sessions if day.dosed_at is not None]
    if carried is not None:
        taken += [(s.instrument, Entry(s.taken_at, s.total, True)) for s in carried.scores]
        dosed += [Entry(dose.dosed_at, None, True) for dose in carried.doses]
    taken = [(instrument, entry) for instrument, entry in taken if instrument in DRAWN]
    moments = [entry.at for _, entry in taken] + [entry.at for entry in dosed]
    if not taken:
        return ()
    span = _Span.over(moments)
    found = (
        (instrument, sorted(entry for of, entry in taken if of is instrument))
        for instrument in DRAWN
    )
    return tuple(
        _score_panel(instrument, (mine, dosed), span, remission.get(instrument), zone)
        for instrument, mine in found
        if mine
    )


def share_panels(lines: Iterable[ReportLine]) -> tuple[SharePanel, ...]:
    """Response and remission by week, one plot for each instrument; no point where too few were
    assessed."""
    weekly = [line for line in lines if isinstance(line, ResponseLine)]
    last = max((line.week for line in weekly), default=1)
    panels = (
        _share_panel(name, [line for line in weekly if line.instrument == name], last)
        for name in dict.fromkeys(line.instrument for line in weekly)
    )
    return tuple(panel for panel in panels if panel.responded)


def bars(lines: Iterable[ReportLine], labels: Sequence[str], measure: str) -> tuple[Bar, ...]:
    """A bar for each line that has this number."""
    known = [
        (line, float(value)) for line in lines if (value := getattr(line, measure)) is not None
    ]
    most = max((value for _, value in known), default=0) or 1
    return tuple(
        Bar(
            codes=tuple(str(code) for name in labels if (code := getattr(line, name))),
            y=GAP + number * (BAR + GAP),
            length=round(value / most * (RIGHT - 50), 1),
            value=value,
            small=line.small,
        )
        for number, (line, value) in enumerate(known)
    )


class _Span(NamedTuple):
    first: datetime
    last: datetime

    @classmethod
    def over(cls, moments: Sequence[datetime]) -> "_Span":
        first, last = min(moments), max(moments)
        day = timedelta(days=1)
        return cls(first - day, last + day) if last - first < day else cls(first, last)

    def x(self, at: datetime) -> float:
        return _between((at - self.first) / (self.last - self.first))

    def dates(self, zone: str) -> tuple[Tick, ...]:
        """First, middle and last day, each once."""
        moments = (self.first + (self.last - self.first) * n / 2 for n in range(MOST_DATES))
        days = {day_at(at, zone): self.x(at) for at in moments}
        return tuple(Tick(x, "", on) for on, x in days.items())


def _score_panel(
    instrument: Instrument,
    entries: tuple[Sequence[Entry], Sequence[Entry]],
    span: _Span,
    remission: float | None,
    zone: str,
) -> ScorePanel:
    mine, dosed = entries
    most = SCALES[instrument].total_max
    return ScorePanel(
        instrument=instrument.value,
        name=SCALE_NAMES[instrument.value],
        points=tuple(
            Point(span.x(e.at), _height(e.value or 0, most), e.value or 0, e.elsewhere)
            for e in mine
        ),
        days=tuple(span.x(entry.at) for entry in dosed),
        heights=tuple(Tick(_height(n * most / 3, most), f"{n * most / 3:g}") for n in range(4)),
        dates=span.dates(zone),
        remission=Tick(_height(remission, most), f"{remission:g}")
        if remission is not None
        else None,
        entries=tuple(sorted((*mine, *dosed), key=lambda entry: entry.at)),
    )


def _share_panel(name: str, lines: Sequence[ResponseLine], last: int) -> SharePanel:
    def points(measure: str) -> tuple[Point, ...]:
        return tuple(
            Point(_week(line.week, last), _height(value, 100), value)
            for line in lines
            if (value := getattr(line, measure)) is not None
        )

    step = max(1, -(-last // 6))
    return SharePanel(
        instrument=name,
        name=SCALE_NAMES.get(name, name),
        responded=points("responded_percent"),
        remitted=points("remitted_percent"),
        heights=tuple(Tick(_height(n, 100), f"{n}") for n in (0, 50, 100)),
        weeks=tuple(Tick(_week(week, last), f"{week}") for week in range(1, last + 1, step)),
    )


def _week(week: int, last: int) -> float:
    return _between((week - 1) / (last - 1) if last > 1 else 0.5)


def _between(share: float) -> float:
    """A place along the plot, a little inside its edges."""
    return round(LEFT + 8 + share * (RIGHT - LEFT - 16), 1)


def _height(value: float, most: float) -> float:
    return round(BOTTOM - min(value, most) / most * (BOTTOM - TOP), 1)


def _joined(points: Sequence[Point]) -> str:
    return " ".join(f"{point.x:g},{point.y:g}" for point in points)
