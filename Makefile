# The few verbs of this project. Each does its own set-up, once: an environment in .venv with the exact
# versions of requirements/*.txt. `make help` lists them.

PYTHON ?= python3
VENV ?= .venv
JOBS ?= 2
DATA ?=
COLLECT ?=

BIN := $(VENV)/bin
RUN_READY := $(VENV)/.ready-run
DEV_READY := $(VENV)/.ready-dev

# One folder of compiled code for each mode: Numba's cache does not know bounds-checked code from other.
INTERPRETED := NUMBA_DISABLE_JIT=1
BOUNDSCHECK := NUMBA_BOUNDSCHECK=1 NUMBA_CACHE_DIR=$(CURDIR)/.numba_cache/boundscheck
COMPILED := NUMBA_CACHE_DIR=$(CURDIR)/.numba_cache/compiled

# Tests of one file stay in one worker, so that what they compile is compiled once.
PYTEST := $(BIN)/python -m pytest -n $(JOBS) --dist loadfile
QUICK := not slow and not long
COVERAGE := --cov --cov-report=term:skip-covered

.DEFAULT_GOAL := help
.PHONY: help demo test check test-long bench docs lint format lock clean setup test-interpreted test-boundscheck test-compiled

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(RUN_READY) ## make a market, backtest a market maker on it, write a report (DATA=<recording>: on real data; COLLECT=1: collected over loopback)
	$(BIN)/truefill demo $(if $(DATA),--data "$(DATA)") $(if $(COLLECT),--collect)

test: lint test-interpreted test-boundscheck test-compiled ## everything that must hold: lint and the three test modes

check: lint ## the everyday subset, under two minutes once compiled
	$(INTERPRETED) $(PYTEST) -m "$(QUICK) and not docs" --ignore=tests/differential
	$(COMPILED) $(PYTEST) -m "$(QUICK)"

test-interpreted: $(DEV_READY) ## kernels as plain Python, with coverage
	$(INTERPRETED) $(PYTEST) -m "$(QUICK) and not docs" $(COVERAGE)

# Not the pages, tutorials, benchmarks, commands, collector and codecs: no kernel runs there that the other tests do
# not try harder. Nor what is about caches of compiled code.
test-boundscheck: $(DEV_READY) ## compiled, every array index checked
	$(BOUNDSCHECK) $(PYTEST) -m "not long and not docs" --ignore=tests/compat/test_tutorials.py --ignore=tests/benchmarks \
		--ignore=tests/cli --ignore=tests/collect --ignore=tests/venues --ignore=tests/analysis \
		--ignore=tests/core/test_jit.py --ignore=tests/core/test_user_cache.py

test-compiled: $(DEV_READY) ## compiled, as users run it
	$(COMPILED) $(PYTEST) -m "not long"

test-long: $(DEV_READY) ## tests that take longer than anybody wants to wait for each day
	$(COMPILED) $(PYTEST) -m long

bench: $(DEV_READY) ## speed beside HftBacktest; writes docs/benchmarks.md
	$(BIN)/python -m benchmarks

docs: $(DEV_READY) ## the documentation, into site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet
	@echo "open site/index.html"

lint: $(DEV_READY) ## ruff, mypy, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

format: $(DEV_READY) ## put the code in shape
	$(BIN)/ruff check --fix-only --exit-zero .
	$(BIN)/ruff format .

# The run lock is held to the versions of the dev lock: what is tested is what runs.
LOCK := $(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --quiet \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"
lock: $(DEV_READY) ## resolve requirements/*.txt again (UPGRADE=--upgrade: to the newest versions)
	$(LOCK) $(UPGRADE) --group dev -o requirements/dev.txt
	$(LOCK) --group build --extra collect -c requirements/dev.txt -o requirements/run.txt

clean: ## remove everything that was made, the environment too
	rm -rf $(VENV) .numba_cache .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .benchmarks
	rm -rf .coverage .coverage.* htmlcov site dist build
	find src tests benchmarks examples -type d -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true

setup: $(DEV_READY) ## the environment for development, nothing else

# -- the environment, in steps that leave a stamp and run once ------------------------------------------

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null || { \
		echo "truefill needs CPython 3.11 to 3.13; '$(PYTHON)' is $$($(PYTHON) --version 2>&1)."; \
		echo "Name another one: make PYTHON=python3.12 ..."; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
		echo "'$(PYTHON)' has no venv module (on Debian and Ubuntu: apt install python3-venv)."; exit 1; }
	$(PYTHON) -m venv $(VENV)

PIP := $(BIN)/python -m pip --disable-pip-version-check -qq install
INSTALL_TRUEFILL := $(PIP) --no-deps --no-build-isolation --editable .

$(RUN_READY): requirements/run.txt pyproject.toml | $(BIN)/python
	@echo "Installing truefill and what it runs on into $(VENV): a minute, once ..."
	$(PIP) --require-hashes -r requirements/run.txt
	$(INSTALL_TRUEFILL)
	@touch $@

$(DEV_READY): requirements/dev.txt pyproject.toml | $(BIN)/python
	@echo "Installing the development tools into $(VENV): a minute, once ..."
	$(PIP) --require-hashes -r requirements/dev.txt
	$(INSTALL_TRUEFILL)
	@touch $@
