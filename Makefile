# Everything that is done with this checkout. `make help` lists it.

SHELL := /bin/sh
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
TOOLS := PYTHONPATH=hack $(BIN)/python
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--custom-compile-command "make lock" $(if $(UPGRADE),--upgrade)

.PHONY: help
help:  ## Say what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

.PHONY: setup
setup: venv control-plane  ## Make .venv and the local control plane; fast when they are there

# Bytecode, also where Python is told not to write it: starting takes twice as long without.
.PHONY: venv
venv: $(READY)
	@$(BIN)/python -m compileall -q operator/stepward

# The marker is written last: an installation that was interrupted is done again.
$(READY): requirements/dev.lock pyproject.toml hack/make-venv.sh
	@sh hack/make-venv.sh $(VENV) requirements/dev.lock
	@touch $@

.PHONY: control-plane
control-plane: venv
	@$(TOOLS) -m localcluster.provision >/dev/null

.PHONY: demo
demo: setup  ## Run the operator on a cluster of its own and show it; KEEP=1 leaves it running
	@$(TOOLS) -m localcluster.demo $(if $(KEEP),--keep)

.PHONY: test
test: setup  ## Run every test that needs nothing outside the checkout
	$(BIN)/pytest

.PHONY: test-field
test-field: setup  ## Run the tests on files that nobody here wrote; SAMPLES=FOLDER says where they are
	$(if $(SAMPLES),STEPWARD_SAMPLES=$(SAMPLES)) $(BIN)/pytest -m field

.PHONY: bench
bench: setup  ## Measure, and write benchmarks/RESULTS.md
	$(TOOLS) -m benchmarks

.PHONY: format
format: venv  ## Format the code, and mend what ruff can mend
	$(BIN)/ruff check --fix-only --quiet
	$(BIN)/ruff format --quiet

.PHONY: lint
lint: venv  ## Check format, style, and who imports whom
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/lint-imports

.PHONY: type
type: venv  ## Check types
	$(BIN)/mypy

.PHONY: docs
docs: venv  ## Generate the reference pages
	$(TOOLS) -m generate

.PHONY: lock
lock: venv  ## Write requirements/*.lock anew; UPGRADE=1 takes the current releases
	$(LOCK) pyproject.toml --output-file requirements/runtime.lock
	$(LOCK) pyproject.toml --group dev --constraint requirements/runtime.lock --output-file requirements/dev.lock
	$(LOCK) --group build --output-file requirements/build.lock

.PHONY: clean
clean:  ## Remove what was made in the checkout; the cache of the control plane stays
	rm -rf $(VENV) build dist operator/*.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis \
		.import_linter_cache
	find operator hack tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true
