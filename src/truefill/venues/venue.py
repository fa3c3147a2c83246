"""The markets that have a protocol of their own, by the names they have on the command line."""

from enum import Enum

from truefill.core.errors import DataError


class Venue(Enum):
    """A market with a protocol of its own, by the name it has on the command line."""

    BINANCE_SPOT = "binance-spot"
    BINANCE_USDM = "binance-usdm"
    BINANCE_COINM = "binance-coinm"
    BYBIT_SPOT = "bybit-spot"
    BYBIT_LINEAR = "bybit-linear"
    BYBIT_INVERSE = "bybit-inverse"
    BYBIT_OPTION = "bybit-option"
    OKX = "okx"
    HYPERLIQUID = "hyperliquid"
    BITGET_SPOT = "bitget-spot"
    BITGET_USDT = "bitget-usdt"
    BITGET_USDC = "bitget-usdc"
    BITGET_COIN = "bitget-coin"
    EXTENDED = "extended"
    MEXC_SPOT = "mexc-spot"
    COINBASE = "coinbase"
    COINBASE_EXCHANGE = "coinbase-exchange"
    KRAKEN = "kraken"
    KRAKEN_FUTURES = "kraken-futures"
    BITSTAMP = "bitstamp"
    INDEPENDENT_RESERVE = "independent-reserve"

    @property
    def futures(self) -> bool:
        """Whether contracts are traded there, and not only the coins themselves."""
        return self not in _SPOT_ONLY

    @property
    def company(self) -> str:
        """The part after the point in a canonical name, e.g. ``BINANCE``."""
        if self in (Venue.COINBASE_EXCHANGE, Venue.INDEPENDENT_RESERVE):
            return str(self.value).replace("-", "_").upper()
        return str(self.value).partition("-")[0].upper()

    @classmethod
    def parse(cls, name: "str | Venue") -> "Venue":
        """Read a venue's name; a company's own means the market that its recordings are of.

        Raises
        ------
        DataError
            There is no such venue.
        """
        if isinstance(name, Venue):
            return name
        wanted = name.lower()
        for venue in cls:
            if venue.value == wanted:
                return venue
        if wanted in _SHORT:
            return _SHORT[wanted]
        raise DataError("a venue, one of " + ", ".join(v.value for v in cls), repr(name), "venue")


_SPOT_ONLY = {
    Venue.BINANCE_SPOT,
    Venue.BYBIT_SPOT,
    Venue.BITGET_SPOT,
    Venue.MEXC_SPOT,
    Venue.COINBASE,
    Venue.COINBASE_EXCHANGE,
    Venue.KRAKEN,
    Venue.BITSTAMP,
    Venue.INDEPENDENT_RESERVE,
}

# What HftBacktest's collector records under these names.
_SHORT = {"bybit": Venue.BYBIT_LINEAR, "mexc": Venue.MEXC_SPOT}
