"""Where everything of a matching engine lies. Nothing in here changes a book.

The engine is a header of int64 words, which holds the addresses of six arrays; one address is all that a call
passes, and each array can grow alone. A fresh array is all zeros: slot 0 means "no order".

=======  ==============================================================================================
array    one entry
=======  ==============================================================================================
levels   16 bytes for each symbol, ladder and place in the window: first slot i4, last slot i4, quantity i8;
         behind all windows the far levels, 32 bytes each: as above, then tick i4, rank i4, left i4, right i4
bits     three tiers of occupied places, 64 to a word, for each symbol and ladder
orders   32 bytes a slot: quantity i8, previous i4, next i4, tick i4, 4 * symbol + ladder i4, account i4,
spare i4 names    16 bytes a slot: id i8, executed quantity i8
index    4 bytes: from id to slot, by open addressing
symbols  256 bytes a symbol: the words below
=======  ==============================================================================================

A ladder is one side of a symbol: BIDS and ASKS, and two more that are ordered like them, for orders which
sleep until the market falls (like bids, highest first) or rises (like asks, lowest first) to their trigger.

A ladder's window is a ring: the level of a tick is at ``tick & (window - 1)``. Orders know their tick and
not their level, so that moving the window moves levels and touches no order. Ticks inside are counted from
the symbol's BASE.
"""

# Header words: addresses and lengths.
AT_LEVELS, AT_BITS, AT_ORDERS, AT_NAMES, AT_INDEX, AT_SYMBOLS = 0, 1, 2, 3, 4, 5
LEVEL_WORDS, BIT_WORDS, SLOTS, INDEX_SIZE, SYMBOLS = 6, 7, 8, 9, 10
# Settings.
PLACE_BITS = 13  # the window has 2 to this many ticks
FAR_AT = 14  # word where the far levels begin
FAR_LEVELS = 15  # how many there can be, not counting number 0
# State.
FREE, FRESH, LIVE = 16, 17, 18  # slots: given-back ones, lowest never used, resting orders
SEQUENCE, CAUSES = 19, 20  # of the last report, of the last message
FAR_FREE, FAR_FRESH, FAR_LIVE = 21, 22, 23
WANTS_MOVE = 24  # 1 + symbol whose window should follow its market
# The rest of a message whose reports did not fit: T_LADDER + 1, and the taker.
PENDING, T_ID, T_SYMBOL, T_LIMIT, T_LEFT, T_RESTS, T_ACCOUNT, T_SLOT = 32, 33, 34, 35, 36, 37, 38, 39
T_DONE, T_PRICE, T_SELF_TRADE = 40, 41, 42
HEADER = 64

# Words of a symbol.
BASE, LOW, BEST = 0, 1, 2  # 2 to 5: best tick of each ladder, NO_BEST without one
LAST = 6  # tick of the last trade
IS_SET = 7  # 0: no price was ever seen
FAR_ROOT = 8  # 8 to 11: number of a ladder's uppermost far level
FAR_COUNT = 12  # 12 to 15: far levels of a ladder
FAR_HITS = 16  # visits to far levels since the window was placed
TRADED = 17  # 1: LAST is a price
SYMBOL_WORDS = 32

BIDS, ASKS, FALLING, RISING = 0, 1, 2, 3  # ladders; even ones are ordered highest first
NO_BEST = 1 << 62  # best of an odd ladder without orders; of an even one: minus that

# Halves (int32) of an order.
PREVIOUS, NEXT, TICK, LADDER, ACCOUNT, SPARE = 2, 3, 4, 5, 6, 7


def bit_words(place_bits: int) -> int:
    """Words of one ladder's bitmap: its three tiers."""
    return (1 << (place_bits - 6)) + (1 << max(place_bits - 12, 0)) + 1
