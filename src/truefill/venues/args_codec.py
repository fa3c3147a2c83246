"""What OKX's and Bitget's protocols have in common: requests with a list of arguments, each a channel and an
instrument; messages that repeat the argument they are of; answers with an event; ping and pong as bare words.
"""

from collections.abc import Iterable, Sequence

import msgspec
from msgspec import Raw, Struct

from truefill.venues.codec import Unknown, VenueCodec
from truefill.venues.numbers import NOTHING, number
from truefill.venues.stream import Stream
from truefill.venues.wants import Send, Want

Arg = dict[str, str]


class _Arg(Struct, gc=False):
    channel: str = ""
    instrument: str = msgspec.field(default="", name="instId")
    topic: str = ""  # Bitget's version 3
    symbol: str = ""


class Message(Struct, gc=False):
    """A message of market data, or an answer."""

    arg: _Arg | None = None
    action: str = ""
    data: Raw = NOTHING
    ts: Raw = NOTHING
    event: str = ""
    code: Raw = NOTHING
    msg: str = ""


decode_message = msgspec.json.Decoder(Message).decode


class ArgsCodec(VenueCodec):
    """See the top of this file and `VenueCodec`."""

    args_per_request = 100

    def args(self, channels: Sequence[str]) -> Iterable[Arg]:
        """Arguments of these channels."""
        raise NotImplementedError

    def book_arg(self, stream: Stream) -> Arg:
        """Argument of a book."""
        raise NotImplementedError

    def data(self, m: Message, channel: str, native: str, local_ts: int, place: int) -> None:
        """Read a message of market data."""
        raise NotImplementedError

    def subscribe(self, channels: Sequence[str]) -> Iterable[Want]:
        """What to send on a new connection for these channels."""
        args = list(self.args(channels))
        for at in range(0, len(args), self.args_per_request):
            yield _request("subscribe", args[at : at + self.args_per_request])

    def begin_again(self, stream: Stream) -> Iterable[Want]:
        """Subscribing the book anew brings a snapshot."""
        args = [self.book_arg(stream)]
        return _request("unsubscribe", args), _request("subscribe", args)

    def heartbeat(self) -> Send:
        """What to send every so often: see the venue's facts."""
        return Send("ping")

    def handle(self, message: bytes, local_ts: int, place: int) -> None:
        """Decode a message and write its rows."""
        if message == b"pong":
            self.connection.heartbeats += 1
            return
        m = decode_message(message)
        if m.event:
            if m.event == "error":
                self.say(f"{number(m.code)} {m.msg}")
            else:
                self.connection.answers += 1
        elif m.arg is None or not m.data:
            raise Unknown
        else:
            self.data(m, m.arg.channel or m.arg.topic, m.arg.instrument or m.arg.symbol, local_ts, place)


def _request(op: str, args: list[Arg]) -> Send:
    return Send(msgspec.json.encode({"op": op, "args": args}).decode())
