"""`python -m binenc_kit VERB`: train, sweep, report and page, from a terminal."""

import argparse
import sys
from ast import literal_eval
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from binenc_kit.errors import KitError
from binenc_kit.recording import Recording

# Each verb imports what it needs when it runs: a page needs no torch, and --help should not wait for it.


def main(arguments: Sequence[str] | None = None) -> None:
    """Do what the command line asks for; what cannot be done ends with one sentence."""
    parser = _parser()
    asked, rest = parser.parse_known_args(arguments)
    if asked.verb == "sweep":
        from binenc_kit.stages import main as sweep

        sweep(rest)
        return
    if rest:
        parser.error(f"{asked.verb} does not know {' '.join(rest)}: see python -m binenc_kit {asked.verb} --help")
    try:
        {"train": _train, "report": _report, "page": _page}[asked.verb](asked)
    except KitError as error:
        sys.exit(str(error))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m binenc_kit", description="Watch a network invent a binary code.")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    train = verbs.add_parser("train", help="train and record, or go on where it stopped")
    train.add_argument("settings", nargs="*", metavar="NAME=VALUE", help="of RunConfig: data=digits epochs=40 lr=0.001")
    train.add_argument("--heads", nargs="+", help="such as BinEnc NoPen; otherwise the one of the settings")
    train.add_argument("--out", type=Path, help="folder for the runs, instead of runs/")
    verbs.add_parser("sweep", add_help=False, help="many runs on this machine or a cluster: sweep --help")
    report = verbs.add_parser("report", help="measure runs: a table, figures, and one page that shows them")
    report.add_argument("--out", type=Path, default=Path("report"), help="folder for all that, instead of report/")
    page = verbs.add_parser("page", help="the epoch scrubber of up to four runs as one HTML file")
    page.add_argument("--out", type=Path, default=Path("page.html"), help="file to write, instead of page.html")
    for verb in (report, page):
        verb.add_argument("runs", nargs="+", type=Path, metavar="RUN", help="folder of a run, or of several")
    return parser


def _train(asked: argparse.Namespace) -> None:
    import binenc_kit as bk  # whose names say so where torch is missing

    config = bk.RunConfig(**dict(_setting(text) for text in asked.settings))
    for label, run in bk.train_heads(config, asked.heads or [config.label], asked.out).items():
        print(f"{label}: {run.folder}")


def _setting(text: str) -> tuple[str, Any]:
    """A setting's name and value; what is no Python literal is a text."""
    name, equals, value = text.partition("=")
    if not equals:
        raise KitError(f"{text!r} is no setting: write NAME=VALUE, such as epochs=40")
    try:
        return name, literal_eval(value)
    except (ValueError, SyntaxError):
        return name, value


def _report(asked: argparse.Namespace) -> None:
    from binenc_kit import figures
    from binenc_kit.report import findings, write_report
    from binenc_kit.tables import BRIEF, results_table, summarise

    runs = _recordings(asked.runs)
    table = results_table(runs)
    drawn = {"accuracy_by_epoch": figures.accuracy_by_epoch(runs)}
    drawn |= {"code_agreement_by_epoch": figures.code_agreement_by_epoch(runs)}
    drawn |= {f"codebook_of_{run.config.label}": figures.codebook(run) for run in runs[:1]}
    pngs = figures.save(drawn, asked.out / "figures")
    table.to_csv(asked.out / "results.csv", index=False)
    write_report(asked.out / "report.html", runs, table, pngs, findings(table, len(runs[0].class_names)))
    print(summarise(table, BRIEF).to_string(index=False))
    print(asked.out / "report.html")


def _page(asked: argparse.Namespace) -> None:
    from binenc_kit.widgets import EpochScrubber

    EpochScrubber(*_recordings(asked.runs)).to_html(asked.out)
    print(asked.out)


def _recordings(folders: Sequence[Path]) -> list[Recording]:
    """The recordings in these folders, or one folder below."""
    found = []
    for folder in folders:
        inside = sorted(path.parent for path in folder.glob("*/config.json"))
        found += [folder] if (folder / "config.json").exists() or not inside else inside
    return [Recording(folder) for folder in found]


if __name__ == "__main__":
    main()
