# One word per habit. `make help` lists them.
.DELETE_ON_ERROR:
.PHONY: help setup demo up test check format docs screenshots lock clean

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
DEMO := demo_out
PIP := $(BIN)/python -m pip --disable-pip-version-check

help:  ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.ready  ## make .venv from requirements.lock (a second call has nothing to do)

demo: setup  ## the whole job on a built-in plant, into ./demo_out (at most 8 minutes on two cores)
	FACTORY_GEN_HOME=$(CURDIR)/$(DEMO)/home $(BIN)/factory-gen demo --out $(DEMO)

up: setup  ## the job engine, workers, MLflow and pages of this machine, until Ctrl+C
	$(BIN)/factory-gen up

test: setup  ## run the tests (against PostgreSQL, too, where it is installed)
	$(BIN)/python -m pytest -n 2 --dist loadfile --max-worker-restart 0

check: setup  ## layout, lint, types and import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: setup  ## lay out the code and mend what can be mended
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: setup  ## write the parts of docs/reference that come from the code
	$(BIN)/python -m pipelines.commands.reference docs/reference

screenshots: setup  ## pictures of every page over a demo plant, into ./screenshots (Chromium, some 20 minutes)
	$(BIN)/python -m tests.browser.screenshots screenshots

lock: $(VENV)/.made  ## resolve pyproject.toml afresh into requirements.lock
	$(PYTHON) -m venv --clear build/lock
	build/lock/bin/python -m pip install --quiet --upgrade pip
	build/lock/bin/python -m pip install --quiet '.[dev]'
	build/lock/bin/python -m pip check
	build/lock/bin/python -m pip freeze --all --exclude factory-gen --exclude pip >requirements.lock
	rm -rf build/lock

clean:  ## remove what demo, test and check have left (.venv stays)
	rm -rf $(DEMO) screenshots build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +

# Debian's python3 comes without ensurepip; its own pip can then fill the empty environment
$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || \
		{ echo "Python 3.11 is needed; found: $(PYTHON). Set PYTHON=/path/to/python3.11." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) >/dev/null 2>&1 || \
		{ $(PYTHON) -m venv --clear --without-pip $(VENV) && $(PYTHON) -m pip --python $(BIN)/python install pip; }
	@touch $@

$(VENV)/.locked: requirements.lock | $(VENV)/.made
	@echo "installing the libraries of requirements.lock into $(VENV): some minutes, 7 GB"
	@$(PIP) install -qq -r requirements.lock
	@touch $@

$(VENV)/.ready: pyproject.toml $(VENV)/.locked
	@$(PIP) install -qq --no-deps --no-build-isolation --editable .
	@touch $@
