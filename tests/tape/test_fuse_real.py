"""Fusing on real recordings: Binance's book ticker with its depth; 200 and 10 levels of Bybit's book."""

import gzip
import json

import numpy as np
import pytest

from tests.support.shared import shared_data
from truefill.core import events as ev
from truefill.core.events import EVENT
from truefill.tape import FuseMarketDepth, build_tape, check, fuse
from truefill.venues.binance import MarketDataCodec
from truefill.venues.symbols import venue_symbol
from truefill.venues.venue import Venue

pytestmark = [pytest.mark.needs_shared, pytest.mark.slow, pytest.mark.compiled_only]


def binance_rows(lines: int) -> np.ndarray:
    """Rows of the first lines of a recording of BTCUSDT, USD-M, with the snapshot among them."""
    codec = MarketDataCodec(venue_symbol(Venue.BINANCE_USDM, "BTCUSDT"))
    with gzip.open(shared_data("raw/binance_usdm/btcusdt_20240808.gz")) as file:
        for number, line in zip(range(lines), file, strict=False):
            local_ts, _, message = line.partition(b" ")
            # the recorder's clock was behind
            codec.add(message, int(local_ts) + 2_000_000_000, number)
    return codec.take()


def test_best_prices_and_depth_of_a_real_recording() -> None:
    """The fused tape is sound; after a ticker that is newer than the depth its prices are the best."""
    rows = binance_rows(8_000)
    kind = rows["ev"] & np.uint64(ev.KIND_MASK)
    tickers = np.isin(kind, (ev.TICKER_BID, ev.TICKER_ASK))
    events = fuse([rows[~tickers], rows[tickers]], tick_size="0.1", lot_size="0.001")
    tape = build_tape(events, symbol="BTCUSDT-PERP.BINANCE")

    assert [] == [f.kind for f in check(tape) if f.severity == "error"]

    fused = FuseMarketDepth("0.1", "0.001")
    times = np.flatnonzero(np.diff(rows["local_ts"])) + 1
    newest, agreed, seen = 0, 0, 0
    for part in np.split(rows[: len(rows) // 2], times[times < len(rows) // 2]):
        best = np.isin(part["ev"] & np.uint64(ev.KIND_MASK), (ev.TICKER_BID, ev.TICKER_ASK))
        fused.process(part[~best], 0)
        fused.process(part[best], 1)
        newest = max(newest, int(part["exch_ts"][~best].max(initial=0)))
        assert not fused.best_bid >= fused.best_ask
        if best.sum() == 2 and int(part["exch_ts"][best][0]) > newest:
            bid, ask = (float(f"{r['px']}e{r['px_exp']}") for r in part[best])
            seen += 1
            agreed += (fused.best_bid, fused.best_ask) == (bid, ask)
            newest = int(part["exch_ts"][best][0])

    assert seen > 500
    assert agreed == seen


def bybit_messages() -> list[tuple[int, int, bool, list[list[str]], list[list[str]]]]:
    """(engine time, local time, snapshot, bids, asks) of Bybit's 200 levels of BTCUSDT, one connection."""
    found = []
    with gzip.open(shared_data("ws/bybit_v5_20260809.jsonl.gz"), "rt") as file:
        for line in file:
            message = json.loads(line)
            if message["t"] != "recv" or message["conn"] != "BYBIT.ws.2":
                continue
            body = json.loads(message["data"])
            if body.get("topic") == "orderbook.200.BTCUSDT":
                local_ts = round(message["ts"] * 1e6) * 1000
                data = body["data"]
                found.append(
                    (body["cts"] * 1_000_000, local_ts, body["type"] == "snapshot", data["b"], data["a"])
                )
    return found


def test_a_narrow_and_a_wide_stream_of_a_real_book() -> None:
    """200 levels now and then, the best 10 of them at once: the best 10 are always the true ones.

    The narrow stream is made of the real one as the venue makes it: a level that is pushed out of the 10 is
    removed. In the end, when both have caught up, the fused book is the real one, all 200 levels of it.
    """
    sides: tuple[dict[float, float], dict[float, float]] = ({}, {})
    shown: list[dict[float, float]] = [{}, {}]
    wide: list[dict[float, float]] = [{}, {}]
    fused = FuseMarketDepth("0.1", "0.001", ranges=(200, 10))
    messages = bybit_messages()
    for number, (exch_ts, local_ts, snapshot, bids, asks) in enumerate(messages):
        if snapshot:
            sides[0].clear(), sides[1].clear()
        for side, pairs in zip(sides, (bids, asks), strict=True):
            for px, qty in pairs:
                side.update({float(px): float(qty)}) if float(qty) else side.pop(float(px), None)
        for stream, levels, told in ((1, 10, shown), (0, 200, wide)):
            if stream == 0 and number % 7 and number != len(messages) - 1:
                continue
            rows = []
            if snapshot:
                rows.append((ev.DEPTH_CLEAR, exch_ts, local_ts, 0.0, 0.0, 0, 0, 0.0))
                told[0], told[1] = {}, {}
            for k, flag in ((0, ev.BUY), (1, ev.SELL)):
                best = sorted(sides[k].items(), reverse=k == 0)[:levels]
                now = dict(best)
                for px in sorted({*now, *told[k]}):
                    if now.get(px) != told[k].get(px):
                        rows.append((ev.DEPTH | flag, exch_ts, local_ts, px, now.get(px, 0.0), 0, 0, 0.0))
                told[k] = now
            if rows:
                fused.process(np.array(rows, EVENT), stream)
        for k, levels in enumerate((fused.bids(), fused.asks())):
            found = list(zip(levels[0][:10].tolist(), levels[1][:10].tolist(), strict=True))
            assert sorted(sides[k].items(), reverse=k == 0)[:10] == found

    for k, levels in enumerate((fused.bids(), fused.asks())):
        found = dict(zip(levels[0].tolist(), levels[1].tolist(), strict=True))
        assert sides[k] == {px: qty for px, qty in found.items() if px in sides[k]}
        worst = (min if k == 0 else max)(sides[k])
        assert [] == [px for px in found if px not in sides[k] and (px > worst if k == 0 else px < worst)]
