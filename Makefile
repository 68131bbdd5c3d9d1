# `make demo` runs the main job on this machine; `make test` proves it. Both first install what
# they need: Python packages into .venv, and (as root, with apt) missing system packages.
PYTHON := $(shell .ci/python)
BIN := .venv/bin
export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo test lint format bench nightly clean
.DELETE_ON_ERROR:

demo: .venv/run
	@.ci/need demo
	@$(BIN)/enve demo

test: .venv/dev
	@.ci/need test
	@$(MAKE) --no-print-directory lint
	$(BIN)/python -m pytest -m "not nightly" -n 3 --dist loadfile --no-loadscope-reorder $(PYTEST)

lint: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy orchestrator
	$(BIN)/mypy --python-version 3.10 remote
	$(BIN)/lint-imports --no-logo

format: .venv/dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

nightly: .venv/dev
	@.ci/need test
	ENVE_PROOFS=benchmarks/recorded/proofs.json $(BIN)/python -m pytest -m nightly $(PYTEST)

bench: .venv/dev
	@.ci/need bench
	$(BIN)/python -m benchmarks

.venv/run: pyproject.toml
	@test -n "$(PYTHON)" || exit 69
	@.ci/need venv
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

.venv/dev: .venv/run
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist
