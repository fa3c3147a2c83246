"""The counters of collectors for Prometheus: read when they are asked for, so that nothing is counted twice.

Labels are the venue and the instrument, and nothing else: there are as many series as there are instruments.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType

from truefill.core.errors import ConfigError
from truefill.monitor.readings import Reading

try:
    from prometheus_client import CollectorRegistry, start_http_server
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
    from prometheus_client.registry import Collector as Source
except ImportError as error:
    raise ConfigError(
        "the libraries of the collector (pip install 'truefill[collect]')", f"none: {error}", "metrics_port"
    ) from None

_OF_VENUES = (
    ("messages", "Messages that were archived.", lambda r: r.messages),
    ("unread_messages", "Messages that could not be read.", lambda r: r.unread),
    ("connections", "Connections that stood.", lambda r: r.connections),
    ("handovers", "Connections that were replaced before their end.", lambda r: r.handovers),
    ("recovered_trades", "Trades that were asked for after a lost connection.", lambda r: r.trades_recovered),
    ("clock_steps", "Times that the clock stepped back.", lambda r: r.clock_steps),
    ("archive_bytes", "Packed bytes written to the archive in this run.", lambda r: r.bytes),
    ("requests", "Requests over REST in this run.", lambda r: r.requests),
    ("limited_requests", "Requests refused as too many in this run.", lambda r: r.limited),
)
_OF_INSTRUMENTS = (
    ("instrument_messages", "Messages of an instrument.", lambda i: i.messages),
    ("instrument_events", "Events of an instrument.", lambda i: i.events),
    ("book_gaps", "Breaks in the book of an instrument in this run.", lambda i: i.gaps),
)
_GAUGES = (
    ("last_message_timestamp_seconds", "When the last message came, Unix time.", lambda i: i.last_ts / 1e9),
    ("lag_seconds", "Receive time of the last message less the exchange's.", lambda i: i.lag_s),
    ("last_price", "Price of the last trade.", lambda i: i.last_px),
    ("book_valid", "1: the book is whole.", lambda i: float(i.valid)),
)
_PREFIX = "truefill_collect_"


class Metrics(Source):
    """Gives readings as metrics.

    Parameters
    ----------
    readings : callable
        Gives them as they are now.
    """

    def __init__(self, readings: Callable[[], Iterable[Reading]]) -> None:
        self._readings = readings

    def collect(self) -> Iterator[Metric]:
        """Give all metrics, as the library asks for them."""
        readings = list(self._readings())
        instruments = [i for reading in readings for i in reading.instruments]
        for name, text, of in _OF_VENUES:
            counter = CounterMetricFamily(_PREFIX + name, text, labels=["venue"])
            for reading in readings:
                counter.add_metric([reading.venue], of(reading))
            yield counter
        for name, text, of_one in _OF_INSTRUMENTS:
            counter = CounterMetricFamily(_PREFIX + name, text, labels=["venue", "instrument"])
            for i in instruments:
                counter.add_metric([i.venue, i.name], of_one(i))
            yield counter
        for name, text, value in (
            ("connected", "1: the connection of the books stands.", lambda r: float(r.connected)),
            ("silent_subscriptions", "Subscriptions of which nothing comes.", lambda r: float(r.silent)),
        ):
            gauge = GaugeMetricFamily(_PREFIX + name, text, labels=["venue"])
            for reading in readings:
                gauge.add_metric([reading.venue], value(reading))
            yield gauge
        for name, text, value_of in _GAUGES:
            gauge = GaugeMetricFamily(_PREFIX + name, text, labels=["venue", "instrument"])
            for i in instruments:
                if math.isfinite(value_of(i)):
                    gauge.add_metric([i.venue, i.name], value_of(i))
            yield gauge


class MetricsServer:
    """Serves ``http://HOST:PORT/metrics`` from a thread of its own, until it is closed.

    Parameters
    ----------
    readings : callable
        Gives what is shown; called in that thread, and only reads.
    port : int
        0: any that is free.
    host : str

    Attributes
    ----------
    port : int

    Raises
    ------
    ConfigError
        The port is taken.
    """

    def __init__(self, readings: Callable[[], Iterable[Reading]], port: int, host: str = "127.0.0.1") -> None:
        registry = CollectorRegistry()
        registry.register(Metrics(readings))
        try:
            self._server, self._thread = start_http_server(port, host, registry)
        except (OSError, OverflowError) as error:
            raise ConfigError("a free port", f"{port} ({error})", "metrics_port") from None
        self.port = int(self._server.server_port)

    def close(self) -> None:
        """Serve no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> "MetricsServer":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
