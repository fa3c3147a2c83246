"""`truefill demo`: the whole path in one command, from a market to a report."""

import shutil
import sys
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from truefill.cli.show import ACCENT, WEAK, Steps, err, note
from truefill.core.errors import ConfigError

if TYPE_CHECKING:
    from truefill.tape import Tape

STRATEGY = Path(__file__).with_name("grid.py")
_MADE_MINUTES, _COLLECTED_MINUTES = 60.0, 0.25
TAPE, SETTINGS, COPY, RESULT = "market.tape", "run.toml", "grid.py", "result"


def demo(
    data: Annotated[
        list[Path] | None,
        typer.Option(
            "--data", metavar="FILE", help="A recording instead of a made market; repeat for more files."
        ),
    ] = None,
    venue: Annotated[
        str | None,
        typer.Option(
            help="With --data: binance-spot, binance-usdm or binance-coinm.",
            show_default="told from the data",
        ),
    ] = None,
    symbol: Annotated[
        str | None,
        typer.Option(help="With --data: the venue's name of it.", show_default="told from the data"),
    ] = None,
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="DIR", help="Where tape, settings and report go.")
    ] = Path("truefill-demo"),
    collect: Annotated[
        bool,
        typer.Option(
            "--collect", help="Serve the made market over Binance's protocol, and record it from there."
        ),
    ] = False,
    minutes: Annotated[
        float | None,
        typer.Option(
            min=0.1,
            max=1440.0,
            help="Length of the made market.",
            show_default="60; with --collect, which takes as long, 0.25",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Another seed is another market.")] = 1,
    json: Annotated[
        bool, typer.Option("--json", help="Print the summary as JSON on stdout and nothing else.")
    ] = False,
) -> None:
    """Make a market, backtest a market maker on it, write a report.

    Takes less than a minute the first time, while it compiles, and a few seconds after that. Everything it
    used is in the folder afterwards, ready to be changed and run again.

    [bold]Examples[/]

    [cyan]truefill demo[/]

    [cyan]truefill demo --minutes 240 --seed 7[/]

    [cyan]truefill demo --data btcusdt_20240808.gz[/]

    [cyan]truefill demo --collect[/]   the market comes over a socket; needs the extra [dim]collect[/]
    """
    from truefill.cli.backtest import finish, simulate
    from truefill.cli.config import dump, load_config
    from truefill.cli.results import REPORT, print_summary, write_results
    from truefill.cli.strategy_file import load_strategy

    if data is None and (venue or symbol):
        raise ConfigError("--venue and --symbol only together with --data", "no --data", "demo")
    if data is not None and collect:
        raise ConfigError("either --data or --collect", "both", "demo")
    _check_folder(out)
    steps = Steps(quiet=json)
    if not json:
        _headline("a recorded market" if data else "a collected market" if collect else "a made market")
    out.mkdir(parents=True, exist_ok=True)
    pace = 1
    if data:
        tape = _convert(data, venue, symbol, out, steps)
    elif collect:
        from truefill.cli.demo_collect import SPEED, collect_market

        pace = SPEED
        length = _COLLECTED_MINUTES if minutes is None else minutes
        tape = collect_market(length, seed, out, out / TAPE, steps)
    else:
        tape = _make(_MADE_MINUTES if minutes is None else minutes, seed, out, steps)
    settings_text = _settings(tape, pace)
    settings_file = out / SETTINGS
    _write(settings_file, settings_text)
    settings = load_config(settings_file)
    loaded = load_strategy(STRATEGY)
    result = simulate(loaded, settings, settings_file, steps)
    title = f"Grid market maker on {tape.symbol}"
    with steps.step("Write the report") as step:
        data_of_run = write_results(
            result, out / RESULT, {"name": title, "strategy": COPY, "config": dump(settings)}, settings
        )
        step.result = str(out / RESULT / REPORT)
    kept = _copy_strategy(out / COPY)
    print_summary(data_of_run, json)
    if not json:
        _what_next(out, kept, made=data is None)
    finish(result, loaded)


def _headline(what: str) -> None:
    from importlib.metadata import version

    console = err()
    console.print()
    console.print(
        Text.assemble(
            ("  truefill ", f"bold {ACCENT}"), (version("truefill"), WEAK), f"  a grid market maker on {what}"
        )
    )
    console.print()


def _check_folder(out: Path) -> None:
    """Refuse a folder that is somebody else's; an earlier demo is replaced."""
    if out.exists() and not out.is_dir():
        raise ConfigError("a folder for the demo", "a file", out)
    if out.is_dir() and any(out.iterdir()) and not (out / SETTINGS).exists() and not (out / TAPE).exists():
        raise ConfigError(
            "a new or empty folder, or one of an earlier demo", "a folder with other files", out
        )


def _make(minutes: float, seed: int, out: Path, steps: Steps) -> "Tape":
    """Make a market and record it to a tape, batch by batch: a day needs no more memory than a minute."""
    from truefill.synthetic import ZeroIntelligence, make_market
    from truefill.tape import TapeBuilder

    params = ZeroIntelligence()
    with steps.step("Make a market") as step:
        seconds = minutes * 60.0
        with TapeBuilder(
            out / TAPE,
            symbol=params.symbol,
            tick_size=params.tick_size,
            lot_size=params.lot_size,
            source=[f"zero intelligence, seed {seed}"],
        ) as builder:
            for batch in make_market(seconds, seed, params):
                builder.append(batch)
                step(
                    (int(batch["exch_ts"][-1]) - params.start_ts) / 1e9, seconds, f"{builder.events:,} events"
                )
            step.result = f"{minutes:g} minutes of random order flow, {builder.events:,} events"
            step.finish()
            with steps.step("Record it to a tape") as recording:
                tape = builder.finish()
                recording.result = _describe(tape)
    return tape


def _convert(files: list[Path], venue: str | None, symbol: str | None, out: Path, steps: Steps) -> "Tape":
    """Turn a real recording into a tape; venue and symbol are told from it when they are not given."""
    from truefill.cli.guess import guess_market
    from truefill.collect import convert
    from truefill.tape import Tape

    if venue is None or symbol is None:
        guessed = guess_market(files[0])
        venue, symbol = venue or guessed[0], symbol or guessed[1]
    with steps.step("Read the recording") as step:
        report = convert(files, venue=venue, symbol=symbol, out=out / TAPE, progress=step)
        tape = Tape.open(out / TAPE)
        step.result = f"{report.symbol}, {report.events:,} events"
    for text in report.notes:
        steps.note(text)
    return tape


def _describe(tape: "Tape") -> str:
    from truefill.cli.times import span

    header = tape.header
    size = tape.nbytes
    return f"{header.events:,} events over {span(header.first_ts, header.last_ts)}, {size / 1e6:.1f} MB"


def _settings(tape: "Tape", pace: int) -> str:
    """Write a RUN.toml that suits the market: quotes beyond what the mid moves in two seconds.

    In a market that lives `pace` times as fast everything about time is so much shorter.
    """
    from truefill.cli.assets import currency_of
    from truefill.cli.market_facts import market_facts

    facts = market_facts(tape, 1_000_000_000 // pace)
    half_spread = max(1, round(facts.spread_ticks / 2 + 2 * facts.move_ticks))
    lot = Decimal(tape.header.lot_size)
    qty = max(1, round(3 * facts.trade_qty / tape.lot_size)) * lot
    return f"""# Settings of the demo's run. Every key is explained in docs/configuration.md.

[[asset]]
tape = "{TAPE}"          # {tape.symbol}

[latency]                     # of orders; the feed's own is in the tape
entry = "{5_000 // pace}us"
response = "{5_000 // pace}us"

[queue]
model = "log2"                # who is cancelled when a level shrinks: those ahead of us, or behind

[exchange]
model = "fifo"                # partial fills; takers walk the book

[fees]
maker = 0.00005               # half a basis point of the value; negative would be a rebate
taker = 0.0005
currency = "{currency_of(tape.symbol, "USD")}"

[params]                      # of strategy(bot, params)
interval_ns = {100_000_000 // pace:_}     # look at the quotes every {100 // pace} ms
half_spread_ticks = {half_spread}         # half the spread, and what the mid moves in about {2 / pace:g} s
grid_step_ticks = {max(1, round(half_spread / 2))}
levels = 5
order_qty = {qty}              # three median trades
max_position = {20 * qty}
skew_ticks = {max(half_spread / 20, 0.05):g}              # the quotes move this much for each order_qty held
"""


def _write(path: Path, text: str) -> None:
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


def _copy_strategy(path: Path) -> bool:
    """Put the strategy's source beside the tape; leave one that has been changed. True: it was left."""
    if path.exists() and path.read_bytes() != STRATEGY.read_bytes():
        return True
    shutil.copyfile(STRATEGY, path)
    return False


def _program() -> str:
    """Tell how this program is called from here: it may stand in an environment that is not activated."""
    called, found = Path(sys.argv[0]).absolute(), shutil.which("truefill")
    if called.name != "truefill" or (found is not None and Path(found).absolute() == called):
        return "truefill"
    return str(called.relative_to(Path.cwd()) if called.is_relative_to(Path.cwd()) else called)


def _what_next(out: Path, kept: bool, made: bool) -> None:
    console = err()
    program = _program()
    lines = [
        ("look", f"{out / RESULT / 'report.html'}", "in a browser: equity, position, fills on the price"),
        ("change", f"{out / COPY}, {out / SETTINGS}", "then run it again:"),
        ("", f"{program} backtest {out / COPY} -c {out / SETTINGS} -o {out / RESULT}", ""),
        (
            "your data",
            f"{program} demo --data RECORDING.gz",
            "a Binance recording of HftBacktest's collector",
        ),
        ("the tape", f"{program} tape info {out / TAPE}", ""),
    ]
    if made:
        console.print(
            "  Nobody in a made market knows where the price goes, so this pays. A recording is harder.\n",
            style=WEAK,
        )
    console.print(Text("  What next", style="bold"))
    for name, what, why in lines:
        console.print(
            Text.assemble((f"    {name:<10} ", WEAK), (what, ACCENT), (f"  {why}" if why else "", WEAK)),
            soft_wrap=True,
        )
    if kept:
        note(f"{out / COPY} has been changed since and was left as it is; the demo ran the original")
    console.print()
