"""What a bench measured: rows, their arithmetic, the table and the JSON form. Pure."""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

# For how many of each unit less is better.
LESS_IS_BETTER = frozenset({"ms", "s"})
HEADINGS = ("what", "value", "unit", "n", "beside it", "value", "times better")


@dataclass(frozen=True)
class Row:
    """One figure, and the one that it is compared with.

    `n`: how many measurements are behind `value`. `reference`: what `reference_value` (of the same unit) is; both None
    when there is nothing to compare with.
    """

    name: str
    value: float
    unit: str
    n: int
    reference: str | None = None
    reference_value: float | None = None

    @property
    def ratio(self) -> float | None:
        """How many times better than the reference: below 1 when it is worse. None without a reference, or of zero."""
        better, worse = self.value, self.reference_value
        if self.unit in LESS_IS_BETTER:
            better, worse = worse, better
        return better / worse if better is not None and worse else None


def percentile(values: Iterable[float], percent: float) -> float:
    """The smallest of `values` that at least `percent` (0 < percent <= 100) of them do not pass: the nearest rank.

    Raises ValueError when there are none.
    """
    ordered = sorted(values)
    if not ordered:
        raise ValueError("nothing was measured")
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def median_row(
    name: str, values: Sequence[float], reference: str | None = None, beside: Sequence[float] | float | None = None
) -> Row:
    """The median of `values` in ms beside that of a reference's measurements, or beside one known figure."""
    known = percentile(beside, 50) if isinstance(beside, Sequence) else beside
    return Row(name, percentile(values, 50), "ms", len(values), reference, known)


def document(rows: Iterable[Row]) -> str:
    """The rows as JSON: a list of objects, one for each, figures to three decimals."""
    return json.dumps([_rounded(asdict(row) | {"ratio": row.ratio}) for row in rows], indent=2) + "\n"


def write(path: Path, rows: Iterable[Row]) -> None:
    """Write `document` to a file; raises OSError."""
    path.write_text(document(rows))


def table(rows: Iterable[Row]) -> str:
    """The rows for people: aligned columns, a heading."""
    cells = [HEADINGS]
    for row in rows:
        known = "" if row.reference_value is None else _short(row.reference_value)
        times = "" if row.ratio is None else _short(row.ratio)
        cells.append((row.name, _short(row.value), row.unit, str(row.n), row.reference or "", known, times))
    widths = [max(len(line[place]) for line in cells) for place in range(len(HEADINGS))]
    return "\n".join(_line(line, widths) for line in cells)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    # Words to the left, figures to the right.
    words = (0, 2, 4)
    return "  ".join(
        cell.ljust(width) if place in words else cell.rjust(width)
        for place, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ).rstrip()


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _rounded(row: dict) -> dict:
    return {key: round(value, 3) if isinstance(value, float) else value for key, value in row.items()}
