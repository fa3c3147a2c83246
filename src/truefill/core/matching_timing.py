"""Messages through the matching engine one by one, each timed by the processor's counter.

Closed loop: a message comes when the one before is done. Open loop: message i is due ``i * interval`` counts
after the first, whether the engine is free or not, and its time counts from there: waiting is in it (no
coordinated omission).
"""

import numpy as np

from truefill.core.address import i64_view
from truefill.core.cycles import cycles
from truefill.core.histogram import record
from truefill.core.jit import entry
from truefill.core.matching_kernel import process
from truefill.core.matching_layout import HEADER
from truefill.core.matching_types import DONE, MESSAGE_WORDS, REPORT_WORDS


@entry
def run_timed(
    head_address, messages_address, count, reports_address, room, counts, ns_per_count, first, interval, start
):
    """Take messages one by one.

    Parameters
    ----------
    head_address, messages_address, count, reports_address, room : int
        As of `matching_kernel.run`; `room` for the reports of one message.
    counts : int64[SIZE]
        A histogram (`core.histogram`): ns of each message.
    ns_per_count : float
        Length of a count of the processor's counter, ns.
    first : int
        Number of the first message in the whole stream.
    interval : float
        Counts between two messages; 0: closed loop.
    start : int
        Counter at which message 0 of the whole stream was due; 0: begin now.

    Returns
    -------
    (int, int, int)
        Messages finished, why it came back (the next one has to be begun again), the start.
    """
    head = i64_view(head_address, HEADER)
    reports = i64_view(reports_address, REPORT_WORDS * room)
    begin = start if start != 0 else cycles()
    for i in range(count):
        message = i64_view(messages_address + 8 * MESSAGE_WORDS * i, MESSAGE_WORDS)
        since = cycles()
        if interval > 0.0:
            due = begin + np.int64(interval * (first + i))
            while since < due:
                since = cycles()
            since = due
        _, _, why = process(head, message, 1, reports, room)
        if why != DONE:
            return i, why, begin
        record(counts, np.int64((cycles() - since) * ns_per_count))
    return count, DONE, begin


@entry
def run_empty(counts, times, ns_per_count):
    """Do nothing, timed as `run_timed` times a message."""
    for _ in range(times):
        since = cycles()
        record(counts, np.int64((cycles() - since) * ns_per_count))
