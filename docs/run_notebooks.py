"""Run notebooks in place, so that their committed outputs are what their code prints.

What a run leaves besides (timings, widget state, the machine's kernel) is taken out: it changes with every run, and
widget state without its model makes code hosts refuse a notebook.
"""

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

KERNEL = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}


def run(path: Path) -> None:
    """Execute one notebook and write it back."""
    notebook = nbformat.read(path, as_version=4)
    # coalesce_streams keeps only the last state of a progress bar
    client = NotebookClient(
        notebook, timeout=600, kernel_name="python3", coalesce_streams=True, record_timing=False,
        resources={"metadata": {"path": str(path.parent)}},
    )  # fmt: skip
    client.execute()
    for output in (output for cell in notebook.cells for output in cell.get("outputs", [])):
        if "image/png" in output.get("data", {}):  # the still picture stays; the live widget is gone with its kernel
            output["data"].pop("application/vnd.jupyter.widget-view+json", None)
    notebook.metadata = KERNEL | {"language_info": {"name": "python"}}
    nbformat.validate(notebook)
    nbformat.write(notebook, path)
    print(f"{path}: {sum(cell.cell_type == 'code' for cell in notebook.cells)} cells run")


if __name__ == "__main__":
    for name in sys.argv[1:]:
        run(Path(name))
