# make demo and make test need nothing but Python 3.11 or later and git: they make .venv, install and run.
PYTHON ?= $(firstword $(foreach name,python3.11 python3.12 python3.13 python3,$(shell command -v $(name))))
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: install demo test test-all check bench docs audit browser screenshots package template rehearsal clean
install: $(STAMP)

$(STAMP): pyproject.toml requirements.txt constraints.txt
	@$(or $(PYTHON),false) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { echo "feedpulse needs Python 3.11 or later: install it (Debian: apt-get install python3 python3-venv), or call make PYTHON=/path/to/python"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "$(PYTHON) lacks venv: apt-get install python3-venv"; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

demo: install
	$(BIN)/feedpulse demo

check: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell
	$(BIN)/mypy
	$(BIN)/lint-imports

test: check node_modules/.installed
	$(BIN)/python -m pytest -q -n 2 --dist loadfile

test-all: check
	$(BIN)/python -m pytest -q -m "not bench"

# The Serverless Framework, for `sls package` in the tests of what is deployed; without npm they are skipped.
node_modules/.installed: package.json package-lock.json
	@if command -v npm >/dev/null; then { timeout 180 npm ci --ignore-scripts --no-audit --no-fund --loglevel=error && touch $@; } \
	|| echo "npm ci failed: the template is not tested"; else echo "no npm: the template is not tested (Node 20 or later has it)"; fi

package: install template
	$(BIN)/python -m ops.deploy.package

template: install
	@$(BIN)/python -m ops.deploy.template

rehearsal: install
	$(BIN)/python -m tests.deploy.rehearsal

bench: install
	@mkdir -p build
	$(BIN)/feedpulse bench build/performance.json
	$(BIN)/python -m pytest -q -m bench -s

# docs/data-model.md and docs/features.md, from the tables in the code.
docs: install
	$(BIN)/python -m ops.reference

# Known vulnerabilities of what constraints.txt pins, looked up on PyPI. Without a network, osv-scanner reads a database
# downloaded before: osv-scanner scan source --offline -L requirements.txt:constraints.txt
audit:
	$(PYTHON) -m venv build/audit && build/audit/bin/pip install --quiet --disable-pip-version-check pip-audit==2.10.1
	build/audit/bin/pip-audit --strict --no-deps --disable-pip --progress-spinner off -r constraints.txt

# Both need Chromium: apt-get install chromium.
browser: install
	$(BIN)/python -m pytest -q -m "browser and not slow" -rs tests/panel/browser

screenshots: install
	$(BIN)/python -m tests.panel.browser.screenshots

clean:
	rm -rf $(VENV) node_modules build .serverless .feedpulse .mypy_cache .ruff_cache .pytest_cache
