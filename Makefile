# Every target makes what it needs and says what it does. `make` alone prints this list.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TOOLS := .tools
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help demo test lint format bench proto lock check services clean

help: ## Print this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-9s %s\n", $$1, $$2}'

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; name one with: make PYTHON=python3.11 …" >&2; exit 2; }
	@echo "==> making $(VENV)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: requirements/runtime.lock pyproject.toml | $(BIN)/python
	@echo "==> installing what the index needs (requirements/runtime.lock)"
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements/runtime.lock
	@$(BIN)/python -m pip install --quiet --no-deps --editable .
	@touch $@

$(VENV)/.dev: requirements/dev.lock $(VENV)/.runtime
	@echo "==> installing what the tests need (requirements/dev.lock)"
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements/dev.lock
	@touch $@

demo: $(VENV)/.runtime ## Show the main job: a synthetic region, its partners, who sees whom and why
	@echo "==> verwijsindex demo"
	@$(BIN)/verwijsindex demo

test: $(VENV)/.dev ## Run every test; REQUIRE_SERVICES=1 fails where Kafka or PostgreSQL is missing
	@echo "==> pytest"
	@$(BIN)/python -m pytest -n $${TEST_WORKERS:-2} --dist loadgroup $(ARGS)

lint: $(VENV)/.dev $(TOOLS)/buf ## ruff, mypy strict, import-linter, buf
	@echo "==> ruff";          $(BIN)/ruff check . && $(BIN)/ruff format --check .
	@echo "==> mypy";          $(BIN)/mypy
	@echo "==> import-linter"; $(BIN)/lint-imports
	@echo "==> buf lint";      $(TOOLS)/node_modules/.bin/buf lint

$(TOOLS)/buf:
	@echo "==> fetching buf (npm)"
	@command -v npm >/dev/null || { echo "make lint needs npm (Node.js) for buf" >&2; exit 2; }
	@mkdir -p $(TOOLS) && npm install --silent --no-fund --no-audit --prefix $(TOOLS) @bufbuild/buf@1.75.0
	@touch $@

format: $(VENV)/.dev ## Let ruff format and fix what it can
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

bench: $(VENV)/.dev ## Print speeds as ratios to a ceiling measured in the same run
	@$(BIN)/python -m tests.bench

proto: $(VENV)/.dev ## Generate the Python stubs beside proto/verwijsindex/v1/*.proto
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m tests.support.generate_proto

lock: $(VENV)/.dev ## Write requirements/*.lock anew from pyproject.toml
	@$(BIN)/python -m pip install --quiet 'uv>=0.13,<0.14'
	@$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock' pyproject.toml -o requirements/runtime.lock
	@$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock' --extra dev pyproject.toml -o requirements/dev.lock

services: $(VENV)/.dev ## Run a real Kafka and a real PostgreSQL here until Ctrl-C, and print how to use them
	@$(BIN)/python -m tests.support.services

check: lint test ## Everything CI runs

clean: ## Remove what make made
	@rm -rf $(VENV) $(TOOLS) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache dist
