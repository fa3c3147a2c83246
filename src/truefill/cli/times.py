"""Times as people read them: UTC, always said so."""

from datetime import UTC, datetime

from truefill.cli.durations import format_duration
from truefill.core.errors import ConfigError


def local_time(nanoseconds: int | None) -> str:
    """Write a time in nanoseconds as UTC, to the microsecond; "-" for none."""
    from truefill.core.times import utc  # numpy, which --help must not wait for

    if nanoseconds is None:
        return "-"
    return f"{utc(nanoseconds, 6)} UTC"


def parse_time(text: str | None, where: str) -> int | None:
    """Read a time: ``2024-08-08T23:55:00Z`` (UTC where no zone is given), or nanoseconds; None stays None."""
    if text is None:
        return None
    if text.isdigit():
        return int(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigError("a time such as 2024-08-08T23:55:00Z, or nanoseconds", text, where) from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    past = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (past.days * 86_400 + past.seconds) * 10**9 + past.microseconds * 1000


def span(first: int | None, last: int | None) -> str:
    """Write the time from `first` to `last` (ns)."""
    return "-" if first is None or last is None else format_duration(last - first)


def precise_time(nanoseconds: int) -> str:
    """Write a time in nanoseconds as UTC, to the nanosecond, without saying so: for columns."""
    from truefill.core.times import utc  # numpy, which --help must not wait for

    return utc(nanoseconds, 9)
