"""Numbers and lengths of time as a trader reads them: thousands separated, few digits, a unit that fits."""

import math
from datetime import timedelta

from truefill.analysis.metrics import Metric

NOTHING = "n/a"
MINUS = "−"
# Up to so many seconds, what to multiply them with, and the unit of that.
DURATIONS = ((1e-3, 1e6, "µs"), (1.0, 1e3, "ms"), (120.0, 1.0, "s"), (7200.0, 1 / 60, "min"))


def display(metric: Metric, value: float, currency: str, book_size: float | None = None) -> tuple[str, str]:
    """Write a metric's value as text and unit, e.g. ``("1,204.50", "USDT")``, ``("350", "ms")``."""
    if math.isnan(value):
        return NOTHING, ""
    if math.isinf(value):
        return ("∞" if value > 0 else MINUS + "∞"), ""
    unit = metric.unit
    if unit == "scaled":
        return (number(value), currency) if book_size is None else (number(100 * value), "% of book")
    if unit == "s":
        return duration_parts(value)
    if unit == "share":
        return fixed(100 * value, 1), "%"
    if unit == "of value":
        return number(1e4 * value), "bps"
    if unit in ("count", "count/day"):
        return fixed(value, 0), unit.removeprefix("count").lstrip("/") and "a day"
    if unit in ("bps", "ticks"):
        return fixed(value, 3 if abs(value) < 1 else 2), unit
    shown = {"money": currency, "money/day": f"{currency} a day", "qty/day": "a day", "qty": "", "ratio": ""}
    return number(value), shown.get(unit, unit)


def number(value: float) -> str:
    """Two decimals from 1 upward, none from 100,000 upward, four significant digits below 1."""
    if not math.isfinite(value):
        return NOTHING
    size = abs(value)
    if size >= 100_000:
        return fixed(value, 0)
    if size >= 1 or size == 0:
        return fixed(value, 2)
    places = min(10, 3 - math.floor(math.log10(size)))
    text = fixed(value, places).rstrip("0")
    return text if not text.endswith(".") else text + "0"


def fixed(value: float, places: int) -> str:
    """Thousands separated by commas, and a real minus sign; never "minus zero"."""
    text = f"{abs(value):,.{places}f}"
    return MINUS + text if value < 0 and text.strip("0.,") else text


def trimmed(value: float, places: int = 10) -> str:
    """All digits that matter: a price or a quantity as the venue writes it."""
    if not math.isfinite(value):
        return NOTHING
    text = fixed(value, places)
    return text.rstrip("0").rstrip(".") if "." in text else text


def decimals(step: float) -> int:
    """Count the decimals that a price on this tick, or a quantity on this lot, is written with."""
    text = f"{step:.12f}".rstrip("0")
    return len(text.partition(".")[2])


def duration_parts(seconds: float) -> tuple[str, str]:
    """Write a duration in the unit that fits: ``("350", "ms")``."""
    size = abs(seconds)
    for limit, factor, unit in DURATIONS:
        if size < limit:
            scaled = seconds * factor
            return (fixed(scaled, 0) if abs(scaled) >= 100 else fixed(scaled, 1)), unit
    return fixed(seconds / 3600, 1), "h"


def duration(seconds: float) -> str:
    """Write a duration in the unit that fits, in one text: ``350 ms``, ``10 s``."""
    text, unit = duration_parts(seconds)
    return f"{text.removesuffix('.0')} {unit}"


def span(seconds: float) -> str:
    """Write a length of time: ``1 d 02:30:00``, ``59:59.5``."""
    whole = timedelta(seconds=round(seconds, 1))
    days, rest = whole.days, whole - timedelta(days=whole.days)
    clock = str(rest).split(".")[0].zfill(8)
    return f"{days} d {clock}" if days else clock
