"""Write binder/environment.yml anew: the newest of everything that the notebooks need, pinned, with torch for CPUs.

    python docs/binder_pins.py

pip resolves the kit with its extra "notebooks" for the Python that runs this script, and installs nothing; that needs a
network and pip 25.1 or newer. What torch needs for GPUs is left out: PyTorch's own builds for CPUs do without.
"""

import json
import platform
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
FILE = ROOT / "binder" / "environment.yml"
CPU = "https://download.pytorch.org/whl/cpu"
FOR_GPUS = ("nvidia-", "cuda-", "triton")
HEAD = """\
# Written by docs/binder_pins.py: exact versions, so that Binder builds today's kit next year, too. Its postBuild
# installs the kit itself.
name: binenc_kit
channels:
  - conda-forge
dependencies:
  - python={python}
  - pip
  - pip:
"""


def resolved() -> dict[str, str]:
    """Name and version of all that the notebooks need, as pip finds them now."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed", "--report", "-"]
    answer = subprocess.run([*command, f"{ROOT}[notebooks]"], check=True, capture_output=True, text=True)  # noqa: S603
    found = [one["metadata"] for one in json.loads(answer.stdout)["install"]]
    return {one["name"].lower().replace("_", "-"): one["version"] for one in found if one["name"] != "binenc-kit"}


def main() -> None:
    """Resolve and write."""
    pins = {name: version for name, version in resolved().items() if not name.startswith(FOR_GPUS)}
    for name in ("torch", "torchvision"):
        pins[name] = pins[name].partition("+")[0] + "+cpu"
    lines = [f"--extra-index-url {CPU}", *(f"{name}=={pins[name]}" for name in sorted(pins))]
    text = HEAD.format(python=platform.python_version()) + "".join(f"      - {line}\n" for line in lines)
    FILE.write_text(text)
    print(f"{FILE.relative_to(ROOT)}: {len(pins)} packages pinned")


if __name__ == "__main__":
    main()
