from pathlib import Path

import pytest

from binenc_kit.errors import KitError
from binenc_kit.files import shipped, write_whole


def test_what_is_shipped_is_found_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert shipped("README.md").read_text().startswith("# data/")
    with pytest.raises(KitError, match=r"gains/nothing\.csv is not here: it comes with a clone"):
        shipped("gains/nothing.csv")


def test_a_file_is_whole_or_not_there(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    write_whole(path, lambda file: file.write(b"old"))

    def fail(file: object) -> None:
        file.write(b"half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_whole(path, fail)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
