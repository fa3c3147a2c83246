"""What the venues' voices say is what the venues' codecs understand, without a socket between them."""

import json

import msgspec
import numpy as np
import pytest

from tests.support.served import levels
from truefill.core.errors import ConfigError
from truefill.core.events import KIND_MASK, TRADE
from truefill.exchange import MadeFeed, RecordedFeed
from truefill.exchange.changes import Reply, Subscribe, Unsubscribe
from truefill.synthetic import make_market
from truefill.venues import market_codec, parse_symbol
from truefill.venues.wants import Fetch, Send

SYMBOLS = ["DEMOUSDT-PERP.BINANCE", "DEMOUSDT.BINANCE", "DEMOUSD-PERP.BINANCE", "DEMOUSDT-PERP.OKX"]
ALL = ("depth", "trades", "best")


class Session:
    """A codec and a voice that talk to each other."""

    def __init__(self, symbol, feed):
        self.codec, self.voice, self.feed = market_codec([parse_symbol(symbol)], ALL), feed.voice, feed
        (self.stream,) = self.codec.streams.values()
        self.channels, self.now, self.texts, self.rows = set(), 0, [], []
        self.codec.connected(1)
        self.talk()

    def talk(self):
        for want in self.codec.wants():
            if isinstance(want, Send):
                for answer in self.voice.read(want.text.encode()):
                    self.hear(answer)
            elif isinstance(want, Fetch):
                address, _, query = want.url.partition("?")
                path = "/" + address.split("/", 3)[3]
                answer = self.voice.rest(path, dict(part.split("=") for part in query.split("&")))
                assert answer.status == 200
                self.codec.fetched(want, answer.body, self.now)

    def hear(self, answer):
        if isinstance(answer, Subscribe):
            self.channels.add(answer.channel)
            greeting = self.voice.greeting(answer.channel)
            if greeting is not None:
                self.codec.add(greeting, self.now)
        elif isinstance(answer, Unsubscribe):
            self.channels.discard(answer.channel)
        else:
            self.codec.add(answer.text, self.now)

    def live(self, lost=()):
        number = 0
        for moment in self.feed.moments(lambda ts: ts):
            self.now = moment.ts or self.now
            for said in moment.say():
                assert said.channel in self.channels, said
                self.texts.append(said.text)
                number += 1
                if number not in lost:
                    self.codec.add(said.text, self.now + 1_000_000)
                    self.talk()
        self.rows = [rows for _, rows in self.codec.take()]


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_a_codec_follows_what_the_voice_says_to_the_same_book_and_trades(symbol):
    session = Session(symbol, MadeFeed(symbol, seed=3, seconds=20))
    session.live()
    book, published = session.stream.book, session.voice.books[session.stream.native]
    assert book.valid
    assert (book.counters.gaps, book.counters.crossed, book.counters.checksums_wrong) == (0, 0, 0)
    assert (levels(book.bids), levels(book.asks)) == (levels(published.bids), levels(published.asks))
    made = np.concatenate(list(make_market(20, seed=3)))
    made = made[(made["ev"] & KIND_MASK) == TRADE]
    (rows,) = session.rows
    seen = rows[(rows["ev"] & KIND_MASK) == TRADE]
    assert len(seen) == len(made) > 50
    assert seen["order_id"].tolist() == made["order_id"].tolist()
    assert (seen["px"] * 10.0 ** seen["px_exp"]).tolist() == pytest.approx(made["px"].tolist())
    assert session.stream.counters.tickers > 20
    if "OKX" in symbol:
        assert book.counters.checksums > 100


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_a_lost_message_is_noticed_and_repaired(symbol):
    session = Session(symbol, MadeFeed(symbol, seed=3, seconds=20))
    session.live(lost=range(100, 104))
    book, published = session.stream.book, session.voice.books[session.stream.native]
    assert book.counters.gaps == 1
    assert book.valid
    assert (levels(book.bids), levels(book.asks)) == (levels(published.bids), levels(published.asks))


def test_the_best_prices_are_those_of_the_book():
    session = Session(SYMBOLS[0], MadeFeed(SYMBOLS[0], seconds=10))
    session.live()
    last = json.loads([text for text in session.texts if b'"bookTicker"' in text][-1])["data"]
    book = session.voice.books["DEMOUSDT"]
    assert (last["b"], last["B"]) == next(book.bids.top(1))
    assert (last["a"], last["A"]) == next(book.asks.top(1))


def test_binance_answers_what_it_is_asked_and_says_what_is_wrong():
    voice = MadeFeed(SYMBOLS[0], seconds=1).voice
    asked = b'{"method":"SUBSCRIBE","params":["demousdt@depth@0ms","nonsense@trade"],"id":7}'
    reply, *channels = voice.read(asked)
    assert reply == Reply("", b'{"result":null,"id":7}')
    assert channels == [Subscribe("demousdt@depth"), Subscribe("nonsense@trade")]
    assert voice.read(asked.replace(b"SUB", b"UNSUB"))[1] == Unsubscribe("demousdt@depth")
    assert voice.joined("/stream?streams=demousdt@trade/x@depth@100ms") == [
        Subscribe("demousdt@trade"), Subscribe("x@depth")
    ]  # fmt: skip
    for bad in (b"{", b"[]", b'{"method":"SHOUT","id":1}', b"\xff"):
        (reply,) = voice.read(bad)
        assert json.loads(reply.text)["error"]["code"] == 2
    for query, status in (({"symbol": "X"}, 400), ({"symbol": "DEMOUSDT", "limit": "9999"}, 400), ({}, 400)):
        assert voice.rest("/fapi/v1/depth", query).status == status
    assert voice.rest("/fapi/v1/time", {}).status == 404
    depth = json.loads(voice.rest("/fapi/v1/depth", {"symbol": "DEMOUSDT", "limit": "5"}).body)
    assert [len(depth["bids"]), len(depth["asks"])] == [5, 5]
    info = json.loads(voice.rest("/fapi/v1/exchangeInfo", {}).body)
    assert info["symbols"][0]["filters"][0]["tickSize"] == "0.01"


def test_okx_answers_what_it_is_asked_and_says_what_is_wrong():
    voice = MadeFeed(SYMBOLS[3], seconds=1).voice
    assert voice.read(b"ping") == [Reply("", b"pong")]
    args = [{"channel": "books", "instId": name} for name in ("DEMO-USDT-SWAP", "X")]
    asked = json.dumps({"op": "subscribe", "args": args})
    known, subscribe, unknown = voice.read(asked.encode())
    assert json.loads(known.text)["event"] == "subscribe"
    assert subscribe == Subscribe("books:DEMO-USDT-SWAP")
    assert json.loads(unknown.text)["code"] == "60018"
    assert json.loads(voice.greeting("books:DEMO-USDT-SWAP"))["data"][0]["prevSeqId"] == -1
    for bad in (b"{", b'{"op":"login"}', b"\xff"):
        assert json.loads(voice.read(bad)[0].text)["event"] == "error"
    books = voice.rest("/api/v5/market/books", {"instId": "DEMO-USDT-SWAP", "sz": "3"})
    assert len(json.loads(books.body)["data"][0]["bids"]) == 3
    assert json.loads(voice.rest("/api/v5/market/books", {"instId": "X"}).body)["code"] == "51001"
    assert json.loads(voice.rest("/api/v5/public/instruments", {}).body)["data"][0]["tickSz"] == "0.01"
    assert voice.rest("/else", {}).status == 404


def recording(path, cut=b""):
    """A made market, written as a collector writes it: a snapshot comes after some messages."""
    feed = MadeFeed(SYMBOLS[0], seed=4, seconds=10)
    lines, number = [], 0
    for moment in feed.moments(lambda ts: ts):
        for said in moment.say():
            number += 1
            lines.append(b"%d %b\n" % (moment.ts or 1 << 60, said.text))
            if number == 20:
                body = feed.voice.rest("/fapi/v1/depth", {"symbol": "DEMOUSDT", "limit": "1000"}).body
                lines.append(b"%d %b\n" % (moment.ts, body))
    path.write_bytes(b"".join(lines) + cut)
    return [line.partition(b" ")[2].strip() for line in lines], feed.voice.books["DEMOUSDT"]


def test_a_recording_is_served_as_it_was_and_its_snapshots_are_answered(tmp_path):
    messages, final = recording(tmp_path / "x.txt", cut=b"1735689600123 {")
    session = Session(SYMBOLS[0], RecordedFeed(tmp_path / "x.txt", SYMBOLS[0], retime=False))
    session.live(lost={150})
    assert session.texts == [message for message in messages if b"lastUpdateId" not in message]
    book = session.stream.book
    assert (book.valid, book.counters.gaps) == (True, 1)
    assert (levels(book.bids), levels(book.asks)) == (levels(final.bids), levels(final.asks))


def test_times_of_a_recording_become_those_of_its_sending(tmp_path):
    recording(tmp_path / "x.txt")
    feed = RecordedFeed(tmp_path / "x.txt", SYMBOLS[0])
    said = next(s for moment in feed.moments(lambda ts: 1_800_000_000_123_456_789) for s in moment.say())
    body = msgspec.json.decode(said.text)["data"]
    assert body["E"] == body["T"] == 1_800_000_000_123


def test_venues_that_are_not_spoken_here_and_mixed_ones_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="instruments of BINANCE or OKX, got KRAKEN"):
        MadeFeed("BTCUSD.KRAKEN")
    with pytest.raises(ConfigError, match="instruments of one venue, got binance-spot, binance-usdm"):
        MadeFeed(SYMBOLS[:2])
    with pytest.raises(ConfigError, match="a recording of Binance, got okx"):
        RecordedFeed(tmp_path / "x", SYMBOLS[3])
