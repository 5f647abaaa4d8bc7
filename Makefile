# Every target sets up .venv first if it is not there; a second call sets nothing up again.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
# make TORCH=cpu setup takes PyTorch's builds for CPUs, without the gigabytes for GPUs; TORCH=none does without torch:
# recordings, figures and widgets still open. Another choice later needs make clean first.
TORCH ?= any
INSTALL_any = $(BIN)/python -m pip install --editable ".[dev]"
INSTALL_cpu = $(BIN)/python -m pip install --index-url https://download.pytorch.org/whl/cpu torch torchvision && $(INSTALL_any)
INSTALL_none = $(BIN)/python -m pip install "pip>=25.1" && $(BIN)/python -m pip install --group lite && \
	$(BIN)/python -m pip install --no-deps --editable .
SIZE_any = about 6 GB, most of it torch
SIZE_cpu = less than without TORCH=cpu, which brings all for GPUs, too
SIZE_none = some hundred megabytes
SOLUTIONS := $(wildcard notebooks/solutions/*.ipynb)
# The learners' copies of the solutions are derived, not run: their exercises are still to be done.
STUDIES := $(filter-out $(SOLUTIONS:notebooks/solutions/%=notebooks/%),$(wildcard notebooks/*.ipynb))
NOTEBOOKS := $(STUDIES) $(SOLUTIONS)
# Two at a time, on a thread each: two times two threads on two cores would wait for one another most of the time.
# A file's tests stay together, for they share what they trained. They begin in the order of their names, and the
# notebooks with the studies, which take longest, so that neither of the two works on alone for minutes at the end.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/pytest --dist loadscope --no-loadscope-reorder
DEMO := --no-progress-bar --execution-timeout 900 -k python3 --stdout-file -

.DEFAULT_GOAL := help
.PHONY: help setup demo test types lab site bench readme notebooks timings clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-10s %s\n", $$1, $$2}'

setup: $(READY) ## create .venv and install everything into it (about 6 GB; with TORCH=cpu or TORCH=none less)

$(READY): pyproject.toml
	$(if $(INSTALL_$(TORCH)),,$(error TORCH is "$(TORCH)", but must be cpu or none, or be left out))
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "binenc_kit needs Python 3.11 or newer, but $(PYTHON) is older or not there: install one, then make PYTHON=python3.11 $(MAKECMDGOALS)"; exit 1; }
	@echo "Setting up .venv, once: a few minutes and $(SIZE_$(TORCH))."
	@$(PYTHON) -m venv .venv || \
		{ rm -rf .venv; echo "$(PYTHON) cannot make virtual environments: on Debian and Ubuntu, apt install python3-venv"; exit 1; }
	@$(INSTALL_$(TORCH))
	@touch $(READY)

demo: $(READY) ## four heads on digits, 3 seeds: a table, figures and a report in runs/demo, within a minute
	@mkdir -p runs/demo
	@$(BIN)/papermill notebooks/reproduce.ipynb runs/demo/reproduce.ipynb -f notebooks/settings/demo.yaml $(DEMO)

test: $(READY) ## ruff, mypy, pytest, and every notebook run again by nbval; only a few long tests are left to CI
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/python docs/derive_notebooks.py --check
	@$(BIN)/python docs/install_cell.py --check
	@$(BIN)/python docs/badges.py --check
	@$(BIN)/python docs/update_course.py --check
	@tests/browser/get_browser.sh
	@$(PYTEST) -n 2
# Each of the two has a home of its own, for no run can be trained twice at a time. Bars move once a second: nbval reads
# what a cell prints only at its end, and more than 1000 prints can get stuck.
	@home=$$(mktemp -d) && trap 'rm -rf "$$home"' EXIT && export TQDM_MININTERVAL=1 BINENC_KIT_CHECKS=strict && \
		$(PYTEST) --tx popen//env:BINENC_KIT_HOME="$$home/1" --tx popen//env:BINENC_KIT_HOME="$$home/2" \
		--nbval-lax --nbval-current-env --nbval-cell-timeout 300 $(NOTEBOOKS)

types: $(READY) ## check the package's type hints with mypy
	@$(BIN)/mypy

lab: $(READY) ## open JupyterLab on this machine alone, with a token
	@$(BIN)/jupyter lab --ip=127.0.0.1 --ServerApp.root_dir=. --LabApp.default_url=/lab/tree/notebooks/00_quickstart.ipynb

site: $(READY) ## the course as pages whose widgets live without a kernel and a network: build/site/html/index.html
	@OMP_NUM_THREADS=1 $(BIN)/python docs/make_site.py

bench: $(READY) ## our speed against named rivals (half an hour, alone on the machine), into benchmarks/RESULTS.md
	@$(BIN)/python docs/update_results.py

notebooks: $(READY) ## run the notebooks in place, so that their committed outputs are true, and derive the learners' copies
	@$(BIN)/python docs/install_cell.py
	@home=$$(mktemp -d) && trap 'rm -rf "$$home"' EXIT && \
		BINENC_KIT_HOME="$$home" BINENC_KIT_CHECKS=strict $(BIN)/python docs/run_notebooks.py $(NOTEBOOKS)
	@$(BIN)/python docs/derive_notebooks.py
	@$(BIN)/python docs/update_course.py

timings: $(READY) ## measure how long each notebook of the course runs and what memory it takes, and update its index
	@$(BIN)/python docs/update_course.py --measure
	@$(BIN)/python docs/measure_memory.py

readme: $(READY) ## run the demo anew and bring the README's table and picture up to date with it
	@rm -rf runs/demo
	@$(MAKE) --no-print-directory demo
	@$(BIN)/python docs/update_readme.py
	@$(BIN)/python docs/film.py

clean: ## remove .venv and caches; runs and downloads stay
	@rm -rf .venv build dist *.egg-info .pytest_cache .ruff_cache .mypy_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
