import subprocess
import sys
from pathlib import Path

import pytest

import binenc_kit as bk
from binenc_kit.recording import Recording

ROOT = Path(__file__).parents[1]


def test_the_root_has_few_names_and_all_are_there() -> None:
    assert len(bk.__all__) <= 12
    assert all(getattr(bk, name) is not None for name in bk.__all__)
    assert sorted(bk.__all__) == sorted(dir(bk))
    with pytest.raises(AttributeError, match="no attribute 'tain'"):
        _ = bk.tain


def test_recordings_tables_and_figures_open_without_torch(tiny_run: Recording, tiny_data, tmp_path: Path) -> None:
    bk.results_table([tiny_run], tiny_data)
    code = f"""
import sys
class Without:  # a None in sys.modules would do the same, but scipy trips over it
    def find_spec(name, path=None, target=None):
        if name.split(".")[0] in ("torch", "torchvision"):
            raise ImportError(name)
sys.meta_path.insert(0, Without)
import binenc_kit as bk
run = bk.Recording({str(tiny_run.folder)!r})
assert bk.results_table([run])["epochs"][0] == 3
bk.figures.save({{"curves": bk.figures.accuracy_by_epoch(run), "book": bk.figures.codebook(run)}}, run.folder)
assert "Epoch scrubber" in bk.EpochScrubber(run).to_html()
assert bk.figures.class_means(run.latents[-1], run.labels, run.class_names).get_label()
assert "torch" not in sys.modules
assert bk.RunConfig(**vars(run.config)) == run.config
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path)
    assert (tiny_run.folder / "book.png").exists()


@pytest.mark.parametrize(
    ("names", "slow"),
    [
        (
            "Recording, RunConfig, load_data, make_data, train, train_heads",
            {"sklearn", "scipy.stats", "pandas", "matplotlib", "torchvision", "IPython"},
        ),
        ("EpochScrubber, figures, results_table", {"sklearn", "scipy.stats", "torch"}),
    ],
)
def test_names_do_not_import_what_they_do_not_need_yet(names: str, slow: set[str]) -> None:
    code = f"import sys; from binenc_kit import {names}; found = {slow} & set(sys.modules); assert not found, found"
    subprocess.run([sys.executable, "-c", code], check=True)
