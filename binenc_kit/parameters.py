"""A misspelt papermill parameter is an error: papermill itself only warns and runs on with the default."""

import ast
from collections.abc import Sequence

from binenc_kit.errors import require_known

OURS = "# parameters"  # first words of the cell that is tagged "parameters"
INJECTED = "# Parameters"  # first words of the cell that papermill puts after it


def check_parameters(history: Sequence[str]) -> list[str]:
    """Check that papermill set only names that the notebook's parameters cell has; returns those it set.

    history: the notebook's `In`. Raises `KitError` with the nearest right names.
    """
    allowed = [name for cell in history if cell.startswith(OURS) for name in assigned_names(cell)]
    injected = [name for cell in history if cell.startswith(INJECTED) for name in assigned_names(cell)]
    for name in injected:
        require_known("parameter", name, dict.fromkeys(allowed))
    return injected


def assigned_names(code: str) -> list[str]:
    """The names that a piece of Python assigns at its top level, in order."""
    assignments = [line for line in ast.parse(code).body if isinstance(line, ast.Assign)]
    return [target.id for line in assignments for target in line.targets if isinstance(target, ast.Name)]
