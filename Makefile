# make demo · make test need nothing but Python 3.11 and git: they make .venv, install and run.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: install demo test test-all check bench clean
install: $(STAMP)

$(STAMP): pyproject.toml requirements.txt constraints.txt
	@command -v $(PYTHON) >/dev/null || { echo "feedpulse needs Python 3.11: install it (Debian: apt-get install python3.11 python3.11-venv) or call make PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "python3.11 lacks venv: apt-get install python3.11-venv"; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

demo: install
	$(BIN)/feedpulse demo

check: install
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: check
	$(BIN)/python -m pytest -q

test-all: check
	$(BIN)/python -m pytest -q -m 'not bench'

bench: install
	$(BIN)/python -m pytest -q -m bench -s

clean:
	rm -rf $(VENV) .feedpulse .mypy_cache .ruff_cache .pytest_cache
