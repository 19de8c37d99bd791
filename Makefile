# Everything starts here. Only the system's own Python, 3.11 to 3.13, is needed: make demo, make test.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
LOCK := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
        --no-emit-find-links --custom-compile-command "make lock" pyproject.toml --group build
export PYTHONUTF8 = 1
.DEFAULT_GOAL := help
.PHONY: help setup demo test explore check bench lock

help:  ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 10

$(UV):
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || \
	  { echo "Bản Tin needs Python 3.11 to 3.13; say which: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 3; }
	@$(PYTHON) -m venv $(VENV) || \
	  { echo "cannot make a virtual environment: apt-get install python3-venv, then again" >&2; rm -rf $(VENV); exit 3; }
	@$(BIN)/pip install --quiet --disable-pip-version-check "uv>=0.11,<1"

# The stamps hold which locks are installed, so that a second run starts at once.
$(VENV)/.demo: requirements.lock pyproject.toml | $(UV)
	@echo "installing the locked packages into $(VENV) …" >&2
	@VIRTUAL_ENV=$(VENV) $(UV) pip install --quiet --require-hashes --compile-bytecode -r requirements.lock
	@VIRTUAL_ENV=$(VENV) $(UV) pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.test: requirements-dev.lock $(VENV)/.demo
	@VIRTUAL_ENV=$(VENV) $(UV) pip install --quiet --require-hashes -r requirements-dev.lock
	@touch $@

setup: $(VENV)/.demo  ## the virtual environment with the locked packages, and the command .venv/bin/bantin

demo: setup  ## the whole line in a fresh workspace, offline, with two practice stations
	@$(BIN)/bantin demo $(DEMO)

test: $(VENV)/.test  ## every test, with real OpenSSH, ffmpeg and eSpeak (installed by apt when root)
	@tests/system-tools
	@$(BIN)/pytest -n auto --dist worksteal $(TEST)

explore: $(VENV)/.test  ## the tests of properties with new examples each time; a case that fails becomes an @example
	@HYPOTHESIS_PROFILE=explore $(BIN)/pytest -q -n auto $$(grep -l hypothesis tests/*/*.py)

check: $(VENV)/.test  ## ruff, mypy --strict, import-linter
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

$(VENV)/.bench: requirements-bench.lock $(VENV)/.test
	@VIRTUAL_ENV=$(VENV) $(UV) pip install --quiet --require-hashes -r requirements-bench.lock
	@touch $@

bench: $(VENV)/.bench  ## what line, voices and delivery cost, and how well they read and speak, beside bare tools and peers
	@$(BIN)/python -m benchmarks.line
	@$(BIN)/python -m benchmarks.studio
	@$(BIN)/python -m benchmarks.studio programmes
	@$(BIN)/python -m benchmarks.voices
	@$(BIN)/python -m benchmarks.roundtrip
	@$(BIN)/python -m benchmarks.reading
	@benchmarks/system-tools
	@$(BIN)/python -m benchmarks.delivery
	@$(BIN)/python -m benchmarks.scale
	@$(BIN)/python -m benchmarks.pages
	@$(BIN)/python -m benchmarks.crowd

lock: | $(UV)  ## the locks again, from pyproject.toml
	@$(LOCK) --output-file requirements.lock
	@$(LOCK) --group dev --output-file requirements-dev.lock
	@$(LOCK) --group dev --group bench --output-file requirements-bench.lock
