"""Files of a raw archive, served again message by message."""

import heapq
import re
from collections.abc import Iterable, Iterator
from functools import partial
from os import PathLike
from pathlib import Path

from truefill.core.errors import ConfigError, DataError
from truefill.exchange.binance import BinanceVoice
from truefill.exchange.changes import Moment, Publication
from truefill.exchange.feed import Symbols, TimeOf, symbols_of, voice_of
from truefill.vendors.packed import Blocks
from truefill.venues.instruments import Instrument


class RecordedFeed:
    """Files of a raw archive, one or several instruments of Binance, message by message as they came.

    The server's book follows the recording, from its first snapshot on; snapshots in the recording are
    not sent but answered to those who ask.

    Parameters
    ----------
    files : path or paths
        Lines of receive time and message, plain or packed.
    symbols : str, Symbol, or several
        Of which instruments.
    retime : bool
        Give the messages the times (E and T) at which they are sent. Else they keep the recording's.

    Raises
    ------
    DataError
        A line is none, or of another instrument.
    """

    def __init__(
        self,
        files: str | PathLike[str] | Iterable[str | PathLike[str]],
        symbols: Symbols,
        retime: bool = True,
    ) -> None:
        parsed = symbols_of(symbols)
        self._files = [Path(file) for file in ([files] if isinstance(files, (str, PathLike)) else files)]
        self.voice = voice_of([Instrument(symbol, symbol.native, "", "") for symbol in parsed])
        if not isinstance(self.voice, BinanceVoice):
            raise ConfigError("a recording of Binance", self.voice.venue.value, "symbols")
        self._retime = retime
        if len(parsed) != 1 and len(parsed) != len(self._files):
            raise ConfigError(
                "one symbol, or one for each file", f"{len(parsed)} for {len(self._files)} files"
            )
        names = list(self.voice.books)
        self._names = names * len(self._files) if len(names) == 1 else names
        for file, native in zip(self._files, self._names, strict=True):
            self._open(file, native)

    def moments(self, time_of: TimeOf) -> Iterator[Moment]:
        """What happens, in its order; once."""
        lives = [self._lines(file, name) for file, name in zip(self._files, self._names, strict=True)]
        single = len(self.voice.books) == 1  # files that follow each other
        lines = (line for life in lives for line in life) if single else heapq.merge(*lives)
        for received, native, message in lines:
            ts = time_of(received)
            yield Moment(ts, partial(self._say, native, message, ts))

    def _say(self, native: str, message: bytes, ts: int) -> list[Publication]:
        assert isinstance(self.voice, BinanceVoice)
        channel = self.voice.follow(native, message)
        if not channel:
            return []
        return [Publication(native, channel, _retimed(message, ts) if self._retime else message)]

    def _open(self, file: Path, native: str) -> None:
        """Look for the first snapshot: until the stream is there it is what a client is answered."""
        if self.voice.books[native].ts:
            return
        assert isinstance(self.voice, BinanceVoice)
        for _, _, message in self._lines(file, native):
            if self.voice.load(native, message):
                return

    def _lines(self, file: Path, native: str) -> Iterator[tuple[int, str, bytes]]:
        rest = b""
        number = 0
        for block in Blocks(file):
            lines = (rest + block).split(b"\n")
            rest = lines.pop()
            for line in lines:
                number += 1
                received, _, message = line.partition(b" ")
                if not received.isdigit():
                    raise DataError("<receive time, ns> <message>", repr(line[:60]), f"{file}:{number}")
                yield int(received), native, message


_TIMES = re.compile(rb'"([ET])"\s*:\s*\d+')


def _retimed(message: bytes, ts: int) -> bytes:
    return _TIMES.sub(rb'"\1":%d' % (ts // 1_000_000), message)
