"""Times as people read them: UTC, always said so."""

from datetime import UTC, datetime, timedelta

from truefill.cli.durations import format_duration


def local_time(nanoseconds: int | None) -> str:
    """Write a time in nanoseconds as UTC, to the microsecond; "-" for none."""
    if nanoseconds is None:
        return "-"
    # Integers all the way: a float of today's nanoseconds is off by up to 128 ns.
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=nanoseconds // 1000)
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f UTC")


def span(first: int | None, last: int | None) -> str:
    """Write the time from `first` to `last` (ns)."""
    return "-" if first is None or last is None else format_duration(last - first)


def precise_time(nanoseconds: int) -> str:
    """Write a time in nanoseconds as UTC, to the nanosecond, without saying so: for columns."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=nanoseconds // 10**9)
    return f"{moment:%Y-%m-%d %H:%M:%S}.{nanoseconds % 10**9:09d}"
