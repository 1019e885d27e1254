"""One measured figure beside what it is compared to, and the table they make."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of ours.

    Attributes:
        what: What was measured.
        ours: In ``unit``.
        others: The same, done by others.
        of: Whose figure the budget is a multiple of; empty where the budget is in ``unit`` itself.
        budget: What ours may cost; None where nothing is set.
        fixed: Whether it is the same in each run, so that exceeding it is a failure and not the weather.
    """

    what: str
    ours: float
    unit: str
    others: Mapping[str, float] = field(default_factory=dict)
    of: str = ""
    budget: float | None = None
    fixed: bool = False

    @property
    def ratio(self) -> float | None:
        """Ours as a multiple of what the budget is set by."""
        return self.ours / self.others[self.of] if self.of else None

    @property
    def holds(self) -> bool:
        """Whether the budget is kept."""
        counted = self.ours if self.ratio is None else self.ratio
        return self.budget is None or counted <= self.budget


def middle(runs: Iterable[float]) -> float:
    """The median of several runs."""
    return median(runs)


def table(title: str, figures: Sequence[Figure]) -> str:
    """The figures under a title, a line each, in columns."""
    head = ("", "compared with", "ours", "ratio", "budget", "")
    rows = [head, *(_cells(figure) for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join([title, *(f"  {line.rstrip()}" for line in lines), ""])


def judged(figures: Sequence[Figure]) -> int:
    """Say which budgets were not kept; 1 where one of them is the same in each run."""
    exceeded = [figure.what for figure in figures if figure.fixed and not figure.holds]
    missed = [figure.what for figure in figures if not figure.fixed and not figure.holds]
    if missed:
        print(f"Missed in this run: {'; '.join(missed)}.")
    if exceeded:
        print(f"Exceeded: {'; '.join(exceeded)}.")
    return 1 if exceeded else 0


def _cells(figure: Figure) -> tuple[str, ...]:
    sign = f" x {figure.of}" if figure.of else f" {figure.unit}"
    if figure.budget is None:
        budget = verdict = ""
    else:
        budget = f"{figure.budget:,g}{sign}"
        verdict = "holds" if figure.holds else ("EXCEEDED" if figure.fixed else "missed")
    return (
        figure.what,
        ", ".join(f"{name} {_number(value)}" for name, value in figure.others.items()),
        f"{_number(figure.ours)} {figure.unit}",
        "" if figure.ratio is None else f"{figure.ratio:.2f}",
        budget,
        verdict,
    )


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.3g}"
