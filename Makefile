# The commands of this project. Each sets up its environment first, if that is needed.
# Needs: Python 3.11 or newer, and make.

VENV := .venv
BIN := $(VENV)/bin
PY := $(BIN)/python
STAMP := $(VENV)/.set-up
PACKAGES := schemas runtime clinical activities records gateways workflows service api console \
	terminal embedded simulator benchmarks cli.py worker.py server.py
TEST_ARGS ?=
# The whole suite insists on the branches of the decisions and the story; a part of it cannot.
COUNTED := $(PY) -m slipcover -m pytest
# Tests and tools must not find the addresses of a stack that happens to run here.
export JOURNEY_ENV_FILE =
# Kept bytecode: the tests start some hundred processes, and each would compile everything again.
export PYTHONDONTWRITEBYTECODE =

.DEFAULT_GOAL := help
.PHONY: help setup demo up browser test thorough uncached check lint bench docs capture lock \
	style types walls commands deployment documents

help: ## This list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 16

setup: $(STAMP) ## Make .venv from the lock file; nothing to do when it is up to date

$(STAMP): requirements.lock pyproject.toml
	@set -e; \
	found=; \
	for candidate in $${PYTHON:-} python3 python3.13 python3.12 python3.11 python; do \
		if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			found=$$candidate; break; \
		fi; \
	done; \
	if [ -z "$$found" ]; then \
		echo "make setup: Python 3.11 or newer is needed and none was found;" \
			"install one, or name it with PYTHON=/path/to/python3" >&2; \
		exit 1; \
	fi; \
	if ! { [ -x $(PY) ] && $(PY) -c 'import sys; sys.exit(sys.version_info < (3, 11))'; }; then \
		"$$found" -m venv --clear $(VENV) || { \
			echo "make setup: $$found cannot make a virtual environment" \
				"(on Debian and Ubuntu: install python3-venv)" >&2; \
			exit 1; \
		}; \
	fi
	$(PY) -m pip install --disable-pip-version-check -qq --require-hashes -r requirements.lock
	$(PY) -m pip install --disable-pip-version-check -qq --no-deps --no-build-isolation -e .
	@touch $@

demo: $(STAMP) ## One synthetic patient from referral to a stable course, on real servers
	$(BIN)/journey demo $(DEMO_ARGS)

up: $(STAMP) ## The whole stack on this machine, until Ctrl-C
	$(BIN)/journey up $(UP_ARGS)

# The console's tests drive the machine's own Chromium, best the one without a window, which takes
# two fifths less: installed where that is allowed, else those tests say that they are left out.
browser:
	@command -v chromium-headless-shell >/dev/null || command -v chromium >/dev/null || \
		command -v google-chrome >/dev/null || \
		{ [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && { \
			echo "installing Debian's chromium for the console's tests" >&2; \
			export DEBIAN_FRONTEND=noninteractive; apt-get update -qq >/dev/null && \
			for package in chromium-headless-shell chromium; do \
				apt-get install -y -qq --no-install-recommends $$package >/dev/null && break; \
			done; }; } || \
		echo "no Chromium here: the console's browser tests are left out" >&2

test: $(STAMP) browser ## The whole test suite
	$(if $(TEST_ARGS),$(BIN)/pytest,$(COUNTED)) -n 4 --dist loadgroup $(TEST_ARGS)
	$(if $(TEST_ARGS),,$(PY) -m tests.branches)

thorough: $(STAMP) ## Every random treatment day and every kill: half an hour, beside `test`
	$(BIN)/pytest -n 0 --thorough tests/workflows/test_session_machine.py \
		tests/workflows/test_session_machine_temporal.py tests/stack/test_session_kills.py \
		tests/benchmarks/test_bare_shape.py tests/stack/test_code_versions.py \
		tests/workflows/test_maintenance.py tests/console tests/embedded tests/clinical

uncached: $(STAMP) ## The workflow suite again, every task read from its first event: ten minutes
	$(BIN)/pytest -n 3 --uncached tests/workflows

# One after the other, each on both cores: the environment with the browser, the checks, the tests.
check: ## What CI runs: format, lint, types, import walls, deployment files, docs, tests
	@$(MAKE) --no-print-directory -j 2 $(STAMP) browser
	@$(MAKE) --no-print-directory lint
	@$(MAKE) --no-print-directory test

lint: $(STAMP) ## check without the tests
	@$(MAKE) --no-print-directory -j 2 --output-sync=target \
		types style walls commands deployment documents

style: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(STAMP)
	$(BIN)/mypy $(PACKAGES)

walls: $(STAMP)
	$(BIN)/lint-imports

commands: $(STAMP)
	$(BIN)/pytest -q tests/terminal/test_entry_points.py

deployment: $(STAMP)
	$(PY) -m deploy.check

documents: $(STAMP)
	$(BIN)/journey docs --check

bench: $(STAMP) ## The benchmark of benchmarks/, one table
	$(PY) -m benchmarks $(BENCH_ARGS)

docs: $(STAMP) ## Write the generated documents again
	$(BIN)/journey docs

capture: $(STAMP) ## Tell the stored histories and states again (only while 0.1.0 is unreleased)
	$(PY) -m tests.replay.capture
	$(PY) -m tests.replay.capture_states

lock: $(STAMP) ## Choose versions again from pyproject.toml and write requirements.lock
	$(BIN)/uv pip compile pyproject.toml --all-extras --generate-hashes --no-strip-extras --no-emit-index-url \
		--no-emit-find-links --no-header --python-version 3.11 -o requirements.lock
	$(BIN)/uv pip compile pyproject.toml -c requirements.lock --generate-hashes --no-strip-extras \
		--no-emit-index-url --no-emit-find-links --no-header --no-annotate \
		--python-version 3.11 -o deploy/requirements.lock
