"""How venues number the messages of a book, as functions that say what a message is to the one before it.

Each takes the id seen last, the id that the message says it follows (-1 where the venue does not say), and
the message's own.
"""

from collections.abc import Callable
from enum import Enum


class Step(Enum):
    """What a message is, by its ids."""

    NEXT = "follows the last one"
    DUPLICATE = "is the last one again"
    OLD = "is older than the last one"
    GAP = "does not follow the last one: messages are missing"


GapRule = Callable[[int, int, int], Step]


def successive(seen: int, follows: int, last: int) -> Step:
    """Each message has the next number."""
    if last == seen + 1:
        return Step.NEXT
    if last > seen:
        return Step.GAP
    return Step.DUPLICATE if last == seen else Step.OLD


def linked(seen: int, follows: int, last: int) -> Step:
    """Each message names the number of the one before it, and its own may be any; it may even be smaller."""
    if follows == seen:
        return Step.NEXT
    if last == seen:
        return Step.DUPLICATE
    return Step.OLD if last < seen else Step.GAP


def rising(seen: int, follows: int, last: int) -> Step:
    """Numbers (or times) only rise: what is missing cannot be told, what is old can."""
    if last == seen:
        return Step.DUPLICATE
    return Step.NEXT if last > seen else Step.OLD


def not_falling(seen: int, follows: int, last: int) -> Step:
    """Several messages may share a number (or time), but none is less than the one before."""
    return Step.NEXT if last >= seen else Step.OLD


def unnumbered(seen: int, follows: int, last: int) -> Step:
    """There are no numbers: each message is taken for the next."""
    return Step.NEXT
