import numpy as np
import pytest

from tests.tape.recordings import recording
from tests.tape.streams import random_events
from truefill.core.errors import DataError
from truefill.core.events import EVENT, EXCH, LOCAL
from truefill.tape import build_tape, read_npz, tape_events, write_npz

SAME = ("code", "qty", "group_ts", "group_end", "group_stop", "group_bid", "group_ask")


def assert_same_market(a, b):
    """Equal but for what tells whether a trade's two halves stood in one row."""
    for view in ("exch", "local"):
        for name in SAME:
            np.testing.assert_array_equal(getattr(a.view(view), name), getattr(b.view(view), name), name)
        for field in a.view(view).stops.dtype.names:
            if field != "arg":
                np.testing.assert_array_equal(a.view(view).stops[field], b.view(view).stops[field], field)
    for name in ("trades", "custom"):
        for field in a.section(name).dtype.names:
            if field != "ev":
                np.testing.assert_array_equal(a.section(name)[field], b.section(name)[field])
    np.testing.assert_array_equal(a.depth_exch_ts(), b.depth_exch_ts())


def times_ascend(events):
    for flag, name in ((EXCH, "exch_ts"), (LOCAL, "local_ts")):
        rows = events[events["ev"] & np.uint64(flag) != 0]
        if (np.diff(rows[name]) < 0).any():
            return False
    return True


@pytest.mark.parametrize("seed", range(6))
def test_tape_to_events_and_back(seed):
    """The same market, in order for both sides, also after a second trip."""
    tape = build_tape(random_events(seed, 900, splits=False, clock_behind=seed % 2 == 0), symbol="X.TEST")
    events = tape_events(tape)
    assert times_ascend(events)
    again = build_tape(events, symbol="X.TEST")
    assert_same_market(tape, again)
    assert_same_market(tape, build_tape(tape_events(again), symbol="X.TEST"))


def test_rows_in_place_in_both_orders_stand_once():
    events = random_events(3, 500, splits=False)
    events["exch_ts"] = np.sort(events["exch_ts"])
    events["local_ts"] = events["exch_ts"] + 5
    assert len(tape_events(build_tape(events, symbol="X.TEST"))) == len(events)


@pytest.mark.parametrize("name", ["x.npz", "x.npy"])
def test_files(tmp_path, name):
    tape = build_tape(random_events(1, 300), symbol="X.TEST")
    written = write_npz(tape, tmp_path / name)
    assert read_npz(tmp_path / name).tobytes() == written.tobytes()
    assert [p.name for p in tmp_path.iterdir()] == [name]


def test_names_of_fields_do_not_matter(tmp_path):
    events = random_events(1, 30)
    renamed = np.dtype({"names": list("abcdefgh"), "formats": [EVENT.fields[n][0] for n in EVENT.names]})
    np.save(tmp_path / "x.npy", events.view(renamed))
    assert read_npz(tmp_path / "x.npy").tobytes() == events.tobytes()


def test_bad_files(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        read_npz(tmp_path / "none.npz")
    for content in (b"", b"hello", b"PK\x03\x04broken", b"\x93NUMPYbroken", b"TRUEFILL" * 100):
        (tmp_path / "x.npz").write_bytes(content)
        with pytest.raises(DataError, match=r"x\.npz") as found:
            read_npz(tmp_path / "x.npz")
        assert "pickle" not in str(found.value), "nobody shall be told to load a file unsafely"
    np.savez(tmp_path / "other.npz", other=np.zeros(3))
    with pytest.raises(DataError, match="an array called data, got other"):
        read_npz(tmp_path / "other.npz")
    np.savez(tmp_path / "wrong.npz", data=np.zeros(3))
    with pytest.raises(DataError, match="64 bytes each, got float64"):
        read_npz(tmp_path / "wrong.npz")
    np.save(tmp_path / "objects.npy", np.array([{}]), allow_pickle=True)
    with pytest.raises(DataError):
        read_npz(tmp_path / "objects.npy")


def test_bad_targets(tmp_path):
    events = random_events(1, 30)
    with pytest.raises(DataError, match=r"ends in \.npz"):
        write_npz(events, tmp_path / "x.csv")
    with pytest.raises(DataError, match="an existing folder"):
        write_npz(events, tmp_path / "no" / "x.npz")
    with pytest.raises(DataError):
        write_npz(np.zeros(3), tmp_path / "x.npz")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.needs_shared
@pytest.mark.slow
def test_hftbacktest_accepts_our_events():
    validation = pytest.importorskip("hftbacktest.data.validation", reason="hftbacktest not installed")
    events = tape_events(build_tape(recording("raw/binance_usdm/btcusdt_20240808.gz", 20_000), symbol="A.B"))
    validation.validate_event_order(events)
    both = np.uint64(EXCH | LOCAL)
    assert np.mean(events["ev"] & both == both) > 0.7


def test_files_have_the_rights_of_the_users_other_files(tmp_path):
    (tmp_path / "plain").write_bytes(b"")
    write_npz(np.zeros(1, EVENT), tmp_path / "x.npy")
    assert (tmp_path / "x.npy").stat().st_mode == (tmp_path / "plain").stat().st_mode
