PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: setup run test quick snapshots check bench pins docs clean

setup: $(VENV)/.ready

$(VENV)/.ready: requirements.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python -r requirements.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps -e .
	touch $@

# The example commits to its own repository; without a configured git identity, the committer there is "You".
run: setup
	GIT_COMMITTER_NAME="$${GIT_COMMITTER_NAME:-$$(git config user.name || echo You)}" \
	GIT_COMMITTER_EMAIL="$${GIT_COMMITTER_EMAIL:-$$(git config user.email || echo you@example.com)}" \
	$(BIN)/crew run examples/checkout/stories.yaml

test: setup
	$(BIN)/python -m pytest -n auto --dist loadfile

# Tests affected by the difference to origin/main, in under a minute.
quick: setup
	$(BIN)/python -m tests.quick

snapshots: setup
	$(BIN)/python -m pytest -q --update-snapshots

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: setup
	$(BIN)/python -m evals.bench

# Plain pins without index URLs, so that any mirror can resolve them.
pins:
	$(BIN)/uv pip compile --quiet --no-header --no-annotate --no-emit-index-url --universal --group dev pyproject.toml -o requirements.txt

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis

docs: setup
	$(BIN)/python -m tools.catalogue.policy_data
	$(BIN)/python -m graphs.diagram
	$(BIN)/python -m crew.settings.docs_table
	$(BIN)/python -m tools.blueprint.reader.form_guide
	$(BIN)/python -m evals.recorded
