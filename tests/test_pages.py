"""The pages around the course: links that lead somewhere, and a glossary with every word of the kit in order."""

import re
from pathlib import Path

import pytest

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
PAGES = ["README.md", "glossary.md", "references.md", "teaching.md"]
# One word a thing, everywhere: these are the kit's.
WORDS = """head, BinEnc, LinPen, NonlinPen, NoPen, backbone, penultimate layer, latent z, dimension P, classes C, gamma,
penalty, push, pull, code, codebook, binarity, code agreement, Sigma_W, NC1, NC2, NC3, NC4, ETF, CDNV, AUROC, DeepFool,
run, recording, epoch, frame"""
WORDS = [word.strip() for word in WORDS.split(",")]


def anchor(heading: str) -> str:
    """The anchor that code hosts give to a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def headings(page: Path) -> list[str]:
    return re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)


def entries() -> dict[str, str]:
    """The glossary's terms and what stands below each."""
    parts = re.split(r"^### (.+)$", (NOTEBOOKS / "glossary.md").read_text(), flags=re.MULTILINE)
    return {term: text.strip() for term, text in zip(parts[1::2], parts[2::2], strict=True)}


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page: str) -> None:
    links = re.findall(r"\]\(([^)]+)\)", (NOTEBOOKS / page).read_text())
    assert links
    for link in (link for link in links if not link.startswith("https://")):
        path, _, place = link.partition("#")
        target = NOTEBOOKS / path if path else NOTEBOOKS / page
        assert target.exists(), link
        if place:
            assert place in map(anchor, headings(target)), link


@pytest.mark.parametrize("page", PAGES)
def test_what_unfolds_folds_and_formulas_are_closed(page: str) -> None:
    text = (NOTEBOOKS / page).read_text()
    assert text.count("<details>") == text.count("</details>") == text.count("<summary>") == text.count("</summary>")
    for paragraph in text.split("\n\n"):
        assert paragraph.count("$") % 2 == 0, paragraph


def test_the_glossary_is_in_alphabetical_order() -> None:
    terms = [re.sub(r"[^\w ]", "", term.casefold()) for term in entries()]
    assert terms == sorted(terms)
    assert len(terms) == len(set(terms))


def test_the_glossary_has_every_word_of_the_kit() -> None:
    terms = {term.partition(",")[0] for term in entries()}
    assert set(WORDS) <= terms


@pytest.mark.parametrize(("term", "text"), entries().items(), ids=list(entries()))
def test_an_entry_is_short_and_says_where_it_is_taught(term: str, text: str) -> None:
    assert "\n" not in text
    assert len(text) < 800
    assert re.search(r"\*(Taught in|Goes with) \[(\w+)\]\(\2\w*\.ipynb\)\.\*$", text)
