"""What backtests on a tape cannot rely on, because its source did not tell."""

from truefill.tape import TapeHeader

_BOOK = ("depth", "depth_snapshot", "add_order")


def lacks(header: TapeHeader) -> list[str]:
    """What a tape cannot support, a sentence each; nothing for one with a book and trades.

    Parameters
    ----------
    header : TapeHeader
    """
    counts = header.counts
    sentences = []
    book = any(counts.get(kind) for kind in _BOOK)
    if not book:
        sentences.append("no book: there are no best prices, and orders rest on trades alone")
    if not counts.get("trade") and not counts.get("fill"):
        sentences.append("no trades: a resting order is filled only when the book moves through its price")
    if book and not header.has_snapshot and not header.orders:
        sentences.append("no snapshot: levels that stood before the first event are seen when they change")
    return sentences
