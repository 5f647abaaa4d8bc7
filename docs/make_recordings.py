"""Make the recordings that come with the kit, from their settings file: data/recordings/NAME.yaml to .../NAME/HEAD/.

    python docs/make_recordings.py data/recordings/NAME.yaml [HEAD ...]

Whole runs stay in runs/recordings/NAME and resume. What is shipped is a copy without the optimizer's state, with the
outputs of the network instead of its weights where these are too large. data/recordings/README.md is written anew.
"""

import json
import os
import shutil
import sys
from datetime import date
from pathlib import Path

import numpy as np
import torch
import yaml

from binenc_kit.config import RunConfig
from binenc_kit.data import Data, load_config_data
from binenc_kit.evaluation import evaluate
from binenc_kit.files import house, write_whole
from binenc_kit.machine import processor
from binenc_kit.measures.contest import contest
from binenc_kit.measures.masking import gradient_masking_report
from binenc_kit.networks import PixelNetwork
from binenc_kit.outputs import open_network, outputs
from binenc_kit.recording import Recording
from binenc_kit.splits import subset
from binenc_kit.training import train_one

LIMIT = 2_000_000  # bytes a recording may have
HEADING = """# Shipped recordings

Trainings that the notebooks open instead of training them: `from binenc_kit.shelf import shipped_runs`, then
`shipped_runs("digits")["BinEnc"]` is a `bk.Recording`. Numbers only, no pictures; CC BY 4.0. This page is written by
`docs/make_recordings.py`, which also made the recordings, from the settings that stand beside them. Train and test
accuracy and code agreement are those of the mode `strict`. Other work ran on the same cores: minutes are at most.
"""
COLUMNS = ["head", "epochs", "P", "gamma at the end", "train", "test", "code agreement", "distinct codes", "minutes"]
COLUMNS += ["hardware", "date", "MB"]


def hardware(threads: int) -> str:
    """The processor's name and how many of its cores a run used."""
    return f"{processor()}, {threads} of {os.cpu_count()} cores"


def keep_outputs(recording: Recording, data: Data, sizes: dict[str, int], path: Path) -> None:
    """What the network says of so many pictures of each split, equally many a class; wide latents in float16."""
    network, data, _ = open_network(recording, data)
    arrays = {}
    for split, size in sizes.items():
        said = outputs(network, data, split)
        chosen = subset(said.labels, size, seed=0)
        arrays[f"{split}_z"] = said.z[chosen].astype(np.float16 if said.z.shape[1] > 64 else np.float32)
        arrays[f"{split}_logits"] = said.logits[chosen].astype(np.float16)
        arrays[f"{split}_labels"] = said.labels[chosen].astype(np.uint8)
    write_whole(path, lambda file: np.savez_compressed(file, **arrays))


def ship(recording: Recording, data: Data, settings: dict, folder: Path) -> None:
    """Copy what is shipped of a finished run."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in ("probe.npz", "latents.npy", "metrics.jsonl", "results.json", "finished"):
        shutil.copy(recording.folder / name, folder / name)
    described = json.loads((recording.folder / "config.json").read_text())
    ended = date.fromtimestamp((recording.folder / "finished").stat().st_mtime)  # shipped again, it is as old as before
    described["about"] |= {"hardware": hardware(described["about"]["threads"]), "date": ended.isoformat()}
    (folder / "config.json").write_text(json.dumps(described, indent=1) + "\n")
    if settings["weights"]:
        torch.save(recording.checkpoint() | {"optimizer": {}}, folder / "checkpoint.pt")
    if settings["outputs"]:
        sizes = settings["outputs"] | settings.get("fewer", {}).get(folder.name, {})
        keep_outputs(recording, data, sizes, folder / "outputs.npz")
    size = sum(path.stat().st_size for path in folder.iterdir())
    if size > LIMIT:
        sys.exit(f"{folder} has {size:,} bytes, more than {LIMIT:,}: record fewer pictures")


def keep_contest(recordings: dict[str, Recording], data: Data, attacked: int, path: Path) -> None:
    """Attack two networks on test pictures that both get right, while their weights are still at hand."""
    networks = {head: PixelNetwork(open_network(run, data)[0], data) for head, run in recordings.items()}
    some = subset(data.test[1].numpy(), attacked, seed=0)
    images, labels = data.test[0][some] / 255, data.test[1][some]
    reports = {head: gradient_masking_report(network, images[:100], labels[:100]) for head, network in networks.items()}
    found = contest(networks, images, labels)._asdict()
    found |= {"masking": {head: report.verdict for head, report in reports.items()}}
    write_whole(path, lambda file: file.write(json.dumps(found, indent=1).encode()))


def row(recording: Recording) -> str:
    """What the README says of a recording."""
    about, config, found = recording.about, recording.config, recording.results["strict"]
    size = sum(path.stat().st_size for path in recording.folder.iterdir()) / 1e6
    cells = [recording.folder.name, f"{config.epochs}", f"{found['P']}", f"{found['gamma_last']:.3g}"]
    cells += [f"{found[name]:.3f}" for name in ("train_accuracy", "test_accuracy", "code_agreement")]
    cells += [f"{found['distinct_codes']}", f"{found['seconds'] / 60:.1f}", about["hardware"], about["date"]]
    return f"| {' | '.join([*cells, f'{size:.1f}'])} |"


def readme(shelf: Path) -> str:
    """The page about all shipped recordings."""
    parts = [HEADING]
    for path in sorted(shelf.glob("*.yaml")):
        comment = [line[2:] for line in path.read_text().splitlines() if line.startswith("# ")]
        folders = [shelf / path.stem / head for head in yaml.safe_load(path.read_text())["heads"]]
        rows = [row(Recording(folder)) for folder in folders if (folder / "config.json").exists()]
        parts += [f"## {path.stem}\n\n{' '.join(line for line in comment if not line.startswith(' '))}\n"]
        parts += [
            f"Settings: [{path.name}]({path.name}).\n",
            f"| {' | '.join(COLUMNS)} |",
            "|---" * len(COLUMNS) + "|",
            *rows,
            "",
        ]
    return "\n".join(parts)


def main() -> None:
    """Train what is not trained yet, measure it, and ship it."""
    path = Path(sys.argv[1])
    settings = yaml.safe_load(path.read_text())
    made = {}
    for head in sys.argv[2:] or settings["heads"]:
        config = RunConfig(**(settings["common"] | settings["heads"][head])).with_head(head)
        data = load_config_data(config)
        recording = train_one(config, house() / "runs" / "recordings" / path.stem, data=data)
        for mode in ("strict", "paper"):
            evaluate(recording, data, mode=mode)
        ship(recording, data, settings, path.parent / path.stem / head)
        made[head] = recording
        (path.parent / "README.md").write_text(readme(path.parent))
    rivals = settings.get("contest", [])
    if rivals and made.keys() >= set(rivals):
        folder = path.parent / path.stem
        keep_contest({head: made[head] for head in rivals}, data, settings["attacked"], folder / "contest.json")


if __name__ == "__main__":
    main()
