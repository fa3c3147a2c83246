"""One view on its way into the sections: pass 2, batch by batch."""

import numpy as np

from truefill.core.errors import DataError
from truefill.core.l2book import TOP_ASK, TOP_BID
from truefill.core.tape_records import EXCH_RUN
from truefill.tape import index, layout
from truefill.tape.decimal_events import plain_events
from truefill.tape.scanner import Steps
from truefill.tape.sink import Sink


class ViewIndexer:
    """Feeds rows of one view, in order, to the kernel, and its tables to the sections."""

    def __init__(
        self,
        view: str,
        sink: Sink,
        steps: Steps,
        rank_of: np.ndarray,
        level_tick: np.ndarray,
        trade_index: np.ndarray,
        overflows: int,
        by_order: bool = False,
    ) -> None:
        self.view = view
        self.local = view == "local"
        self.rows = 0
        self.times: tuple[int | None, int | None] = (None, None)
        self.state = index.new_state()
        self.state[index.OVERFLOWS] = overflows
        self._sink = sink
        self._fixed = (
            rank_of,
            level_tick,
            np.zeros(2 * len(level_tick), np.int64),
            trade_index,
            np.array([steps.lot, steps.tick, steps.px_exp, steps.qty_exp, by_order], np.int64),
        )
        self._out = index.new_out(layout.BLOCK_ROWS)
        self._kept = {name: 0 for _, name, _, _ in _RUNS}  # runs of the open group

    @property
    def overflows(self) -> int:
        """Quantities in the overflow table so far."""
        return int(self.state[index.OVERFLOWS])

    @property
    def best(self) -> tuple[int, int]:
        """Best bid and ask levels as they are now, -1 for none."""
        return int(self.state[TOP_BID]), int(self.state[TOP_ASK])

    def take(self, rows: np.ndarray, aux: np.ndarray, order: np.ndarray) -> np.ndarray:
        """Index the next rows; the stops among them."""
        before = self.state.copy()
        self._make_room(len(order))
        rank_of, level_tick, book, trade_index, units = self._fixed
        index.index_batch(
            self.local, rows, order, aux, rank_of, level_tick, book, trade_index, units, self.state, self._out
        )
        if self.state[index.FAULT] == index.BAD_STATUS:
            row = rows[order[int(self.state[index.FAULT_ROW])]]
            raise DataError(
                "a trading status code of 32 bits",
                int(aux[row["ref"]]["ival"]),
                f"local time {row['local_ts']}",
            )
        self.rows += len(order)
        if self.state[index.PATCH] >= 0:
            stop, count = int(self.state[index.PATCH]), int(self.state[index.PATCH_ROWS])
            self._sink.patch(f"{self.view}.stops", stop, "arg", count)
        return self._write(before)

    def finish(self) -> None:
        """Close the last group."""
        before = self.state.copy()
        index.finish_index(self.local, self.state, self._out)
        self._write(before)

    def _write(self, before: np.ndarray) -> np.ndarray:
        """Pass on what was added to the tables since `before`; the new stops."""
        state, out, sink, view = self.state, self._out, self._sink, self.view
        new = {name: int(state[at] - before[at]) for name, at in _TABLES.items()}
        sink.add(f"{view}.code", out.code[: new["rows"]])
        sink.add(f"{view}.qty", out.qty[: new["rows"]])
        stops = out.stops[: new["stops"]]
        sink.add(f"{view}.stops", stops)
        sink.add("overflow", out.overflow[: new["overflow"]])
        groups = out.groups[: new["groups"]]
        sink.add(f"{view}.group_ts", groups["ts"])
        sink.add(f"{view}.group_end", groups["end"])
        if len(groups):
            first = self.times[0]
            self.times = (int(groups["ts"][0]) if first is None else first, int(groups["ts"][-1]))
        if self.local:
            sink.add("local.group_exch_ts", groups["exch_ts"])
            sink.add("local.best", out.bests[: new["bests"]])
            sink.add("trades", plain_events(out.trades[: new["trades"]]))
            sink.add("custom", out.customs[: new["custom"]])
            sink.add("custom_more", out.mores[: new["more"]])
            is_open = bool(state[index.OPEN])
            for section, name, count, closed in _RUNS:
                end = int(state[closed] if is_open else state[count])
                self._write_runs(section, name, int(before[count]), int(state[count]), end)
        return stops

    def _make_room(self, new: int) -> None:
        """Lengthen the tables of runs when those that are kept leave too little room."""
        for name, kept in self._kept.items():
            runs = getattr(self._out, name)
            if kept + new > len(runs):
                longer = np.zeros(2 * (kept + new), EXCH_RUN)
                longer[:kept] = runs[:kept]
                self._out = self._out._replace(**{name: longer})

    def _write_runs(self, section: str, name: str, before: int, count: int, closed: int) -> None:
        """Pass on the runs of closed groups; those of the open one may still be dropped, and are kept."""
        runs = getattr(self._out, name)
        base = before - self._kept[name]
        self._sink.add(section, runs[: closed - base])
        kept = runs[closed - base : count - base].copy()
        runs[: len(kept)] = kept
        self._kept[name] = len(kept)


_RUNS = (
    ("local.exch_runs", "runs", index.RUNS, index.RUNS_BEFORE),
    ("custom_runs", "custom_runs", index.CUSTOM_RUNS, index.CUSTOM_RUNS_BEFORE),
)

_TABLES = {
    "rows": index.ROWS,
    "stops": index.STOPS,
    "trades": index.TRADES,
    "custom": index.CUSTOMS,
    "more": index.MORES,
    "groups": index.GROUPS,
    "bests": index.BESTS,
    "overflow": index.OVERFLOWS,
}
