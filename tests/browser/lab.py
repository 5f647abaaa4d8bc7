"""A JupyterLab server of the tests' own, and notebooks run in it through a browser."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat

if TYPE_CHECKING:
    from playwright.sync_api import Page

ROOT = Path(__file__).parents[2]
SETTINGS = {
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyterlab/docmanager-extension:plugin": {"autosave": False},
}
FLAGS = [
    "--no-browser",
    "--allow-root",
    "--ip=127.0.0.1",
    "--ServerApp.port=0",  # the system picks a free one
    "--LabApp.extension_manager=readonly",
    "--LabApp.expose_app_in_browser=True",  # window.jupyterapp, for RUN_ALL and EXECUTE
]
THEMES = "lab/api/settings/@jupyterlab/apputils-extension:themes"
# The kernel's first info is the one sign that it answers: Lab shows "idle" before there is a kernel.
RUN_ALL = """async seconds => {
    const panel = jupyterapp.shell.currentWidget
    const run = async () => {
        await panel.context.ready
        await panel.sessionContext.ready
        await panel.sessionContext.session.kernel.info
        await jupyterapp.commands.execute("notebook:run-all-cells")
    }
    const late = new Promise((_, fail) => setTimeout(fail, 1000 * seconds, `cells still running after ${seconds} s`))
    await Promise.race([run(), late])
    return [...panel.content.model.cells].flatMap(cell => cell.toJSON().outputs ?? [])
        .filter(output => output.output_type === "error").map(output => output.traceback.join("\\n")).join("\\n")
}"""
EXECUTE = """async code => {
    const kernel = jupyterapp.shell.currentWidget.sessionContext.session.kernel
    const future = kernel.requestExecute({code, store_history: false})
    let text = "", error = ""
    future.onIOPub = ({content}) => {
        text += content.text ?? content.data?.["text/plain"] ?? ""
        if (content.traceback) error = content.traceback.join("\\n")
    }
    await future.done
    return [text.trim(), error]
}"""


class Lab:
    """A running server; `run` a notebook in it, then `execute` more code in the same kernel."""

    def __init__(self, folder: Path) -> None:
        self.notebooks = folder / "notebooks"
        self.log = folder / "log.txt"
        self.runtime = folder / "runtime"
        self.token = uuid.uuid4().hex
        settings = folder / "config" / "labconfig" / "default_setting_overrides.json"
        for made in (self.notebooks, self.runtime, settings.parent):
            made.mkdir(parents=True)
        settings.write_text(json.dumps(SETTINGS))
        command = [sys.executable, "-m", "jupyterlab", *FLAGS]
        command += [f"--ServerApp.root_dir={self.notebooks}", f"--IdentityProvider.token={self.token}"]
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                command, cwd=folder, env=_environment(folder), stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def wait(self, seconds: float = 60) -> None:
        """Until the server answers; it writes its address into its runtime folder."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.process.poll() is None:
            try:
                self.url = json.loads((self.runtime / f"jpserver-{self.process.pid}.json").read_text())["url"]
                self.ask("GET", "api/status")
            except (OSError, ValueError):
                time.sleep(0.1)
            else:
                return
        raise RuntimeError(f"JupyterLab did not start:\n{self.log.read_text()[-3000:]}")

    def ask(self, method: str, path: str, body: dict | None = None) -> list | dict | None:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"token {self.token}", "Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or "null")

    def run(self, page: Page, cells: list[str], dark: bool = False, seconds: float = 120) -> None:
        """Open a new notebook of these code cells and run them all; an error in a cell is the test's."""
        name = f"{uuid.uuid4().hex[:8]}.ipynb"
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
        nbformat.write(notebook, self.notebooks / name)
        self.ask("PUT", THEMES, {"raw": json.dumps({"theme": "JupyterLab Dark" if dark else "JupyterLab Light"})})
        page.goto(f"{self.url}lab/tree/{name}?token={self.token}&reset")
        page.wait_for_selector(".jp-NotebookPanel .jp-Notebook .jp-CodeCell", timeout=60_000)
        page.wait_for_selector(f"body[data-jp-theme-light={'false' if dark else 'true'}]", state="attached")
        trouble = page.evaluate(RUN_ALL, seconds)
        assert not trouble, trouble

    def execute(self, page: Page, code: str) -> str:
        """Run code in the open notebook's kernel, as one more cell would, and return its text."""
        text, error = page.evaluate(EXECUTE, code)
        assert not error, error
        return text

    def wait_for(self, page: Page, code: str, text: str, seconds: float = 10) -> None:
        """Execute until that text comes back: while a kernel is busy, widgets hold back what they have to tell it."""
        end = time.monotonic() + seconds
        while (found := self.execute(page, code)) != text:
            assert time.monotonic() < end, f"{code} is {found} after {seconds} s, not {text}"
            page.wait_for_timeout(50)

    def end_sessions(self) -> None:
        for session in self.ask("GET", "api/sessions"):
            self.ask("DELETE", f"api/sessions/{session['id']}")

    def stop(self) -> None:
        """The server ends its kernels itself; a kernel whose server is killed ends as well."""
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def _environment(folder: Path) -> dict[str, str]:
    """Kernels import binenc_kit from this checkout; nothing of the user's Jupyter is read or written."""
    usual = {name: value for name, value in os.environ.items() if not name.startswith("JUPYTER")}
    private = {f"JUPYTER_{kind.upper()}_DIR": str(folder / kind) for kind in ("config", "data", "runtime")}
    search = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    return usual | private | {"PYTHONPATH": search, "BINENC_KIT_HOME": str(folder / "house")}
