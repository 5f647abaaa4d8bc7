"""Bring the README's table and picture up to date with the results of `make demo`."""

import re
from pathlib import Path

import pandas as pd

from binenc_kit.figures import latent_histograms, to_png
from binenc_kit.recording import Recording
from binenc_kit.tables import summarise

ROOT = Path(__file__).parents[1]
DEMO = ROOT / "runs" / "demo"
COLUMNS = {
    "head": "head",
    "test_accuracy": "test accuracy",
    "code_agreement": "code agreement",
    "distinct_codes": "distinct codes",
    "sigma_w_relative": "relative Sigma_W",
}


def markdown(table: pd.DataFrame) -> str:
    """The demo's summary as a Markdown table."""
    rows = [list(COLUMNS.values()), ["---"] * len(COLUMNS)]
    rows += [[str(row[name]) for name in COLUMNS] for _, row in summarise(table).iterrows()]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def main() -> None:
    """Rewrite what stands between the README's markers, and the picture beside this file."""
    table = pd.read_csv(DEMO / "results.csv", keep_default_na=False)
    readme = ROOT / "README.md"
    block = f"<!-- demo -->\n{markdown(table)}\n<!-- /demo -->"
    readme.write_text(re.sub(r"<!-- demo -->.*<!-- /demo -->", block, readme.read_text(), flags=re.DOTALL))
    first = table[table["seed"] == 0].set_index("head")["run"]
    runs = [Recording(DEMO / first[head]) for head in ("LinPen", "BinEnc")]
    (ROOT / "docs" / "code.png").write_bytes(to_png(latent_histograms(runs, frames=[-1])))


if __name__ == "__main__":
    main()
