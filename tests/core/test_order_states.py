"""The transition table: what leads where, what a refusal restores, what the venue can reopen."""

import itertools

import pytest

from truefill.core import order_states as s
from truefill.core.records import CANCELED, EXPIRED, FILLED, NEW, NONE, PARTIALLY_FILLED, REPLACED

FINISHED = (s.REJECTED, s.FILLED, s.CANCELED, s.EXPIRED)
PENDING = (s.PENDING_UPDATE, s.PENDING_CANCEL)


def walk(*events: int, state: int = s.INITIALIZED) -> list[str]:
    """Names of the states after each event."""
    previous = state
    names = []
    for event in events:
        state, previous = s.next_state(state, previous, event)
        names.append("illegal" if state == s.ILLEGAL else s.STATE_NAMES[state])
    return names


def test_every_name_in_the_table_exists() -> None:
    """No row or event is misspelt, and every state has a row."""
    assert tuple(s.TRANSITIONS) == s.STATE_NAMES
    for row in s.TRANSITIONS.values():
        assert set(row) <= set(s.EVENT_NAMES)
        for target in row.values():
            assert target < len(s.STATE_NAMES) or target in (s.RESTORE, s.STAY)


@pytest.mark.parametrize(
    ("events", "states"),
    [
        ((s.SUBMIT, s.ACCEPT, s.FILL_PART, s.FILL_ALL), "submitted accepted partially_filled filled"),
        ((s.SUBMIT, s.EXPIRE), "submitted expired"),
        ((s.SUBMIT, s.REJECT, s.FILL_ALL), "submitted rejected filled"),
        (
            (s.SUBMIT, s.ACCEPT, s.REQUEST_CANCEL, s.REFUSE_CANCEL),
            "submitted accepted pending_cancel accepted",
        ),
        (
            (s.SUBMIT, s.ACCEPT, s.REQUEST_CANCEL, s.FILL_PART, s.REFUSE_CANCEL),
            "submitted accepted pending_cancel pending_cancel partially_filled",
        ),
        (
            (s.SUBMIT, s.ACCEPT, s.FILL_PART, s.REQUEST_UPDATE, s.REFUSE_UPDATE),
            "submitted accepted partially_filled pending_update partially_filled",
        ),
        ((s.SUBMIT, s.ACCEPT, s.REQUEST_UPDATE, s.ACCEPT), "submitted accepted pending_update accepted"),
        ((s.SUBMIT, s.ACCEPT, s.REQUEST_CANCEL, s.FILL_ALL), "submitted accepted pending_cancel filled"),
        ((s.SUBMIT, s.ACCEPT, s.CANCEL, s.FILL_PART), "submitted accepted canceled partially_filled"),
        ((s.DENY, s.SUBMIT), "denied illegal"),
    ],
)
def test_lives(events: tuple[int, ...], states: str) -> None:
    """Usual and unusual lives go through the states that they should."""
    assert walk(*events) == states.split()


@pytest.mark.parametrize(
    ("state", "event"), list(itertools.product(FINISHED, (s.FILL_PART, s.FILL_ALL, s.ACCEPT)))
)
def test_the_venue_can_reopen_what_we_took_for_ended(state: int, event: int) -> None:
    """A fill or an acceptance that comes late is never refused."""
    after, _ = s.next_state(state, state, event)

    assert after in (s.PARTIALLY_FILLED, s.FILLED, s.ACCEPTED)


@pytest.mark.parametrize(
    ("state", "refusal"), [(f, r) for f in FINISHED for r in (s.REFUSE_CANCEL, s.REFUSE_UPDATE)]
)
def test_a_refusal_after_the_end_changes_nothing(state: int, refusal: int) -> None:
    """A cancel that crossed a fill is refused later; the order stays filled."""
    assert s.next_state(state, state, refusal)[0] == state


@pytest.mark.parametrize("before", [s.ACCEPTED, s.PARTIALLY_FILLED, s.FILLED, s.CANCELED, s.EXPIRED])
@pytest.mark.parametrize(
    ("request_", "refusal"), [(s.REQUEST_CANCEL, s.REFUSE_CANCEL), (s.REQUEST_UPDATE, s.REFUSE_UPDATE)]
)
def test_a_refused_request_restores_the_state_before_it(before: int, request_: int, refusal: int) -> None:
    """From whatever state the request was made."""
    state, previous = s.next_state(before, before, request_)
    assert state in PENDING
    assert s.hft_status(state, previous) == s.hft_status(before, before)

    assert s.next_state(state, previous, refusal)[0] == before


def test_hftbacktest_codes_are_a_view() -> None:
    """Status and request codes of the states that its users know."""
    views = {
        s.SUBMITTED: (NONE, NEW),
        s.ACCEPTED: (NEW, NONE),
        s.PARTIALLY_FILLED: (PARTIALLY_FILLED, NONE),
        s.FILLED: (FILLED, NONE),
        s.CANCELED: (CANCELED, NONE),
        s.EXPIRED: (EXPIRED, NONE),
        s.REJECTED: (EXPIRED, NONE),
    }
    for state, view in views.items():
        assert (s.hft_status(state, state), s.hft_request(state)) == view
    assert s.hft_request(s.PENDING_CANCEL) == CANCELED
    assert s.hft_request(s.PENDING_UPDATE) == REPLACED
    assert s.hft_status(s.PENDING_CANCEL, s.PARTIALLY_FILLED) == PARTIALLY_FILLED
