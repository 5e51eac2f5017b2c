# Every target sets up what it needs in .venv: a machine with only Python and make is enough.
# The set-up is done again when pyproject.toml or requirements.lock is newer than its stamp.
# Plain enough for the GNU Make 3.81 that macOS has (no .ONESHELL).

SHELL := /bin/bash
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
JOBS ?= 2
DEMO ?= demo
REGISTER ?= $(DEMO)/register.gpkg
ARGS ?=

# The first of these that really runs and is new enough: some tools leave a `python3.13` on PATH that only
# prints an error.
PYTHON ?= $(shell for one in python3 python3.13 python3.12 python3.11 python; do \
	"$$one" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { command -v "$$one"; break; }; \
	done)

# A mirror that is named in someone's configuration and does not answer is tried, and not talked about (-qq).
export PIP_DISABLE_PIP_VERSION_CHECK := 1
PIP_INSTALL := -m pip install -qq --retries 5

.PHONY: help python demo serve check test bench web docs lock clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-7s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

python:
	@test -n "$(PYTHON)" || { \
		echo "Fallow needs Python 3.11 or newer; none was found on PATH." >&2; \
		echo "Install it from your system's packages or from python.org, or name it: make PYTHON=/path/to/python3" >&2; \
		exit 2; }

# Hashes are demanded for everything that is downloaded; hatchling is in the lock, so building Fallow itself
# downloads nothing more.
$(READY): pyproject.toml requirements.lock | python
	@echo "Setting up $(VENV) with $$("$(PYTHON)" --version); the first time this takes some minutes."
	@"$(PYTHON)" -m venv "$(VENV)" || { \
		echo "This Python cannot make virtual environments. On Debian and Ubuntu: apt install python3-venv" >&2; \
		exit 2; }
	@"$(BIN)/python" $(PIP_INSTALL) --require-hashes -r requirements.lock
	@"$(BIN)/python" $(PIP_INSTALL) --no-deps --no-build-isolation -e .
	@touch "$@"

# The snapshot is the last thing the demo writes: without it the register beside it is half a programme.
demo: web ## Build the invented programme as real files, bring it in, and show it on a map
	@if [ -e "$(DEMO)/register.gpkg" ] && [ ! -e "$(DEMO)/snapshot_for_qgis.gpkg" ]; then \
		echo "Building the programme in $(DEMO) was interrupted; make clean removes it." >&2; exit 2; \
	elif [ -e "$(DEMO)/register.gpkg" ]; then \
		echo "Using the programme that is already in $(DEMO) (make clean removes it)."; \
	else \
		"$(BIN)/fallow" demo --to "$(DEMO)" --no-serve; \
	fi
	@"$(BIN)/fallow" serve --register "$(DEMO)/register.gpkg" $(ARGS)

serve: web ## Show a register on a map: make serve REGISTER=country.gpkg
	@"$(BIN)/fallow" serve --register "$(REGISTER)" $(ARGS)

check: $(READY) ## Format, lint, types, and the tests of house, words and docs
	@"$(BIN)/python" -m ruff format --check .
	@"$(BIN)/python" -m ruff check .
	@"$(BIN)/python" -m mypy
	@"$(BIN)/python" -m pytest -q tests/test_house.py tests/test_words.py tests/test_docs.py $(ARGS)

test: web ## Everything CI runs
	@"$(BIN)/python" -m ruff format --check .
	@"$(BIN)/python" -m ruff check .
	@"$(BIN)/python" -m mypy
	@"$(BIN)/python" -m pytest -n $(JOBS) --dist loadfile $(ARGS)

bench: web ## The benchmarks, side by side with what a user would pick instead
	@set -e; for one in benchmarks/[a-z]*.py; do \
		echo "== $$one"; \
		"$(BIN)/python" "$$one" $(ARGS); \
	done

web: $(READY) ## Build the map with the Node that comes from PyPI (nothing to do when it is built)
	@"$(BIN)/python" tools/build_web.py

docs: $(READY) ## Write the pages that are made from the code
	@"$(BIN)/python" tools/make_errors_page.py
	@"$(BIN)/python" tools/make_cli_page.py
	@"$(BIN)/python" tools/make_analyses_page.py
	@"$(BIN)/python" -m fallow.kinds.pages docs/kinds

# uv only resolves here; it is kept out of the environment the software runs in.
lock: | python ## Resolve requirements.lock again; UPGRADE=1 takes the newest versions
	@"$(PYTHON)" -m venv "$(VENV)/lock"
	@"$(VENV)/lock/bin/python" $(PIP_INSTALL) 'uv>=0.9'
	@"$(VENV)/lock/bin/uv" pip compile pyproject.toml --extra dev --extra all --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --custom-compile-command "make lock" --quiet \
		$(if $(UPGRADE),--upgrade,) --output-file requirements.lock

clean: ## Remove what was built here: the demo, the map, caches and .venv
	rm -rf "$(DEMO)" "$(VENV)" build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis web/node_modules \
		src/fallow/web/static/built
	find src tests tools benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
