# make run    start Gatehouse here (first run: makes .venv and installs requirements.txt)
# make test   everything that must hold: checks, unit, integration and browser tests
# make check  the checks alone: style, layers, types, templates, deployment, migrations
# make bench  measure; every figure is printed with what it was compared to
# make clean  remove what these targets made, never data
#
# Without a GPU, spare yourself gigabytes of CUDA libraries:
#   make run PIP_OPTIONS="--extra-index-url https://download.pytorch.org/whl/cpu"

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := run
.PHONY: run test test-packages test-units test-browsers check check-types check-the-rest bench clean

PYTHON ?= $(shell command -v python3.11 || command -v python3 || echo python3)
PIP_OPTIONS ?=
PY := .venv/bin/python
INSTALLED := .venv/installed-$(shell sha256sum requirements.txt | cut -c1-16)
# Tools that import the settings create their keys there, not in anybody's data.
SCRATCH := GATEHOUSE_DATA_DIR=$(CURDIR)/.venv/scratch
# Every warning of Python's, without its checks of C memory, which cost 7 % of the time.
STRICT := PYTHONDEVMODE=1 PYTHONMALLOC=pymalloc
# As root on Debian or Ubuntu missing system packages are installed, else they are asked for.
APT := if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends

run: $(INSTALLED)
	@set -a; if [ -f .env ]; then . ./.env; fi; set +a; exec $(PY) manage.py up

$(INSTALLED): requirements.txt
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { $(APT) python3-venv; else \
		echo "Python's venv module is missing: install python3-venv, then run make again." >&2; exit 1; fi; }
	$(PYTHON) -m venv .venv
	$(PY) -m pip install --quiet --disable-pip-version-check $(PIP_OPTIONS) -r requirements.txt
	@rm -f .venv/installed-*
	@touch $@

test-packages:
	@if ! command -v chromium-headless-shell >/dev/null || [ ! -d /usr/share/fonts/truetype/dejavu ]; then \
		$(APT) chromium-headless-shell fonts-dejavu-core; else \
		echo "The browser tests need the packages chromium-headless-shell and fonts-dejavu-core." >&2; exit 1; fi; fi
	@if [ ! -x /usr/sbin/mosquitto ]; then $(APT) mosquitto; else \
		echo "Without the package mosquitto the tests of MQTT are left out." >&2; fi; fi
	@if [ ! -d /usr/lib/postgresql ]; then $(APT) postgresql; else \
		echo "Without the package postgresql the tests on PostgreSQL are left out." >&2; fi; fi
	@if ! /usr/bin/python3 -c 'import gi; gi.require_version("GstRtspServer", "1.0")' 2>/dev/null; then \
		$(APT) python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-rtsp \
			gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad; else \
		echo "Without GStreamer's RTSP server the tests of live cameras are left out." >&2; fi; fi

# The checks keep one core busy at a time: types, the rest, and the system's packages go on at once.
# The browser tests run also where others failed: one run tells all that there is to mend.
test: $(INSTALLED)
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target check test-packages
	@$(MAKE) --no-print-directory --keep-going test-units test-browsers

test-units: $(INSTALLED)
	$(STRICT) $(PY) -m pytest -q -n 2 -m "not integration and not e2e"

test-browsers: $(INSTALLED)
	$(STRICT) $(PY) -m pytest -q -n 2 --dist loadfile -m "integration or e2e"

check: check-types check-the-rest

check-types: $(INSTALLED)
	$(SCRATCH)-types $(PY) -m mypy portal recognition workers

check-the-rest: $(INSTALLED)
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	.venv/bin/lint-imports --no-cache
	.venv/bin/djlint --check --lint templates
	$(SCRATCH) GATEHOUSE_PUBLIC_URL=https://gatehouse.example $(PY) manage.py check --deploy --fail-level WARNING
	$(SCRATCH) $(PY) manage.py makemigrations --check --dry-run

bench: $(INSTALLED)
	@for name in end_to_end memory faults; do echo "== bench.$$name"; $(PY) -m bench.$$name; done

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .grimp_cache test-results
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +
