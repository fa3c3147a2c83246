"""Several venues in one process: a collector for each, in a folder of its own.

One venue alone has the folder itself, as long as there is no folder of a venue in it::

    market/raw, market/events, market/state.json
    market/binance-usdm/raw, ...        of several venues
    market/bybit-linear/raw, ...
"""

import asyncio
from pathlib import Path

from truefill.collect.collector import Collector
from truefill.collect.collector_state import STATE, CollectorState
from truefill.collect.endpoints import endpoint
from truefill.collect.settings import CollectSettings, VenueSettings
from truefill.core.errors import ConfigError
from truefill.venues import Symbol, Venue


class Collectors:
    """Collects instruments of any number of venues, until it is told to stop.

    When one collector fails, the others are stopped in order: what is half collected shall be noticed.

    Parameters
    ----------
    settings : CollectSettings

    Attributes
    ----------
    collectors : dict
        By venue.

    Raises
    ------
    ConfigError
        There is no symbol, a venue cannot be collected, or settings are of a venue without symbols.
    DataError
        A folder is of another venue.
    """

    def __init__(self, settings: CollectSettings) -> None:
        by_venue = venues_of(settings.symbols)
        if not by_venue:
            raise ConfigError("at least one symbol", "none", "symbols")
        for venue in settings.venues:
            if venue not in by_venue:
                known = ", ".join(v.value for v in by_venue)
                raise ConfigError(f"settings of a venue that is collected: {known}", venue.value, "venue")
        folders = venue_folders(settings.out, list(by_venue))
        self.collectors: dict[Venue, Collector] = {}
        for venue, symbols in by_venue.items():
            own = settings.venues.get(venue, VenueSettings())
            self.collectors[venue] = Collector(
                symbols,
                folders[venue],
                channels=settings.channels if own.channels is None else own.channels,
                period=settings.period,
                layout=settings.layout,
                levels=settings.levels,
                fsync=settings.fsync,
                verify=settings.verify,
                at=endpoint(venue, own.stream, own.rest),
                patience=settings.patience,
            )

    def stop(self) -> None:
        """Let `run` end in order."""
        for collector in self.collectors.values():
            collector.stop()

    async def run(self) -> dict[Venue, CollectorState]:
        """Collect until `stop`; also to be cancelled.

        Raises
        ------
        DataError
            Another collector writes to a folder, or it cannot be written any more.
        """
        tasks = {venue: asyncio.create_task(c.run()) for venue, c in self.collectors.items()}
        try:
            await asyncio.wait(tasks.values(), return_when=asyncio.FIRST_EXCEPTION)
        finally:
            self.stop()
            await asyncio.gather(*tasks.values(), return_exceptions=True)
        return {venue: task.result() for venue, task in tasks.items()}


def venues_of(symbols: tuple[Symbol, ...]) -> dict[Venue, list[Symbol]]:
    """Group symbols by their venue, in their order."""
    found: dict[Venue, list[Symbol]] = {}
    for symbol in symbols:
        found.setdefault(symbol.venue, []).append(symbol)
    return found


def venue_folders(out: Path, venues: list[Venue]) -> dict[Venue, Path]:
    """Tell which folder each venue has.

    Raises
    ------
    ConfigError
        Several are wanted, and the folder itself is one venue's already.
    """
    parted = len(venues) > 1 or any((out / venue.value / STATE).exists() for venue in Venue)
    if not parted:
        return {venues[0]: out}
    if (out / STATE).exists():
        raise ConfigError("a folder of several venues, or a new one", "one of a single venue", out)
    return {venue: out / venue.value for venue in venues}
