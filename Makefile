# Everything people and CI do here; each target does its own set-up.

PYTHON_AT_LEAST := 3.11
UV := 0.13.9
CYCLONEDX := 7.5.0
PIP_AUDIT := 2.10.1
SLOTH := 0.16.0
BIN := .venv/bin
JOBS ?= 3
PACKAGES := services shared motcua

export PYTHONDONTWRITEBYTECODE :=  # where it is set, every start of a process would compile all of ours anew: a third of the start

.DEFAULT_GOAL := help
.PHONY: help setup lock up demo test test-long check fuzz faults compose-check lint format bench bench-figures bench-counter house slos pint alarms sbom audit clean
.NOTPARALLEL:

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/.installed .venv/.broker ## .venv with everything pinned, and the broker's jars in the cache
	@:

demo: setup ## play the Trà Vinh 2023 year through the whole stack and print the report; stays up until Ctrl-C
	@$(BIN)/motcua demo

up: setup ## the whole stack in the foreground, data in .motcua
	@$(BIN)/motcua up

test: setup ## the test suite, real broker and a short form of the faults included; about thirteen minutes on two cores
	@$(BIN)/pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder --max-worker-restart 0 -m "not long"

test-long: setup ## what takes long: the whole year under kills, the demo, old folders, a rolling restart, the drill of alerts; twenty minutes
	@$(BIN)/pytest -n 2 -m long

check: lint ## lint, types, and the tests that need no server; five minutes
	@$(BIN)/pytest -q -n $(JOBS) --dist load -m "not server and not slow and not long"

lint: setup ## ruff, mypy --strict, import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict
	$(BIN)/lint-imports

format: setup ## put the code into its form
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

fuzz: setup ## every operation, bad lines, pages and forms, for ten minutes; prints what was tried and what was wrong (ARGS="--minutes 1 --seed 7")
	@$(BIN)/python -m tests.fuzz $(ARGS)

faults: setup ## every fault, many times over, under load; prints the table (ARGS="--rounds 20 --seed 7 zombie"; --help says more)
	@$(BIN)/python -m tests.faults $(ARGS)

compose-check: setup ## docker compose, really run: images, a real counter's log, every container restarted and killed; needs a Docker engine (ARGS="--quick"; "--keep" builds it on stand-ins where need be, and leaves it up)
	@$(BIN)/python -m tests.compose $(ARGS)

bench: setup ## the year's throughput and latency on this machine
	@$(BIN)/python -m bench

bench-figures: setup ## figures of a year at 100 thousand, 1 and 10 million dossiers, against a GROUP BY; about 25 GB in TMPDIR for a while
	@$(BIN)/python -m bench.figures $(ARGS)

bench-counter: setup ## the counter's pages over 100 thousand dossiers, and receipts of fifty clerks at once; a minute
	@$(BIN)/python -m bench.counter

house: setup ## how the product is built: modules, lines, rooms, arrows, floors, and the files that an event passes
	@$(BIN)/python -m bench.house
	@$(BIN)/python -m bench.way

slos: setup ## rules of the budgets, from deploy/prometheus/slos.yml by sloth; needs Go
	@test -x $(BIN)/sloth || GOBIN=$(CURDIR)/$(BIN) go install github.com/slok/sloth/cmd/sloth@v$(SLOTH)
	@PATH=$(CURDIR)/$(BIN):$$PATH $(BIN)/python -m bench.slos

pint: setup ## pint in .venv/bin, which `make alarms` holds the rules to; needs Go 1.26
	@cd deploy/prometheus/tools && go build -mod=readonly -o $(CURDIR)/$(BIN)/pint github.com/cloudflare/pint/cmd/pint

alarms: setup ## every fault through a real Prometheus and Alertmanager to a webhook and back; writes the table of docs/alerts.md; half an hour (ARGS="--hasten 1" for the shipped times)
	@PATH=$(CURDIR)/$(BIN):$$PATH $(BIN)/python -m tests.alarms --write $(ARGS)

lock: .venv/.uv ## pin every dependency anew
	$(BIN)/uv pip compile -q --universal --generate-hashes --python-version $(PYTHON_AT_LEAST) --custom-compile-command "make lock" \
		pyproject.toml --group dev -o requirements-dev.lock
	$(BIN)/uv pip compile -q --universal --generate-hashes --python-version $(PYTHON_AT_LEAST) --custom-compile-command "make lock" \
		pyproject.toml -c requirements-dev.lock -o requirements.lock

sbom: .venv/.uv ## what the services are made of, with licences, as CycloneDX in sbom.cdx.json
	@rm -rf .venv/.sbom
	@$(BIN)/uv venv -q .venv/.sbom
	@VIRTUAL_ENV=$(CURDIR)/.venv/.sbom $(BIN)/uv pip sync -q --require-hashes requirements.lock
	@$(BIN)/uv tool run -q --from cyclonedx-bom==$(CYCLONEDX) cyclonedx-py environment --pyproject pyproject.toml --of JSON \
		-o sbom.cdx.json .venv/.sbom/bin/python
	@rm -rf .venv/.sbom

audit: .venv/.uv ## known faults of what is pinned, by osv.dev; needs the network, and fails without it
	@$(BIN)/uv tool run -q --from pip-audit==$(PIP_AUDIT) pip-audit --strict -s osv --disable-pip --require-hashes -r requirements-dev.lock

clean: ## remove .venv, caches and the local stacks' data
	rm -rf .venv .motcua .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find $(PACKAGES) tests -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp says that a step was done for the files it depends on.

.venv/.uv:
	@python=$$(for name in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11; do \
		$$name -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < tuple(map(int, "$(PYTHON_AT_LEAST)".split("."))))' 2>/dev/null && echo $$name && break; done); \
	if [ -z "$$python" ]; then \
		echo "Motcua needs Python $(PYTHON_AT_LEAST) or later with its venv module, and found none (python3 is: $$(python3 --version 2>&1))." >&2; \
		echo "Install it (Debian, Ubuntu: sudo apt-get install python3 python3-venv), or name it: make $(or $(MAKECMDGOALS),setup) PYTHON=/path/to/python" >&2; \
		exit 1; \
	fi; \
	echo "making .venv with $$($$python --version)"; \
	$$python -m venv .venv
	@$(BIN)/python -m pip install -q --disable-pip-version-check uv==$(UV)
	@touch $@

.venv/.installed: .venv/.uv requirements-dev.lock pyproject.toml
	@echo "installing what requirements-dev.lock pins"
	@VIRTUAL_ENV=$(CURDIR)/.venv $(BIN)/uv pip sync -q --compile-bytecode requirements-dev.lock
	@VIRTUAL_ENV=$(CURDIR)/.venv $(BIN)/uv pip install -q --no-deps -e .
	@touch $@

.venv/.broker: .venv/.installed motcua/stack/pom.xml
	@echo "resolving Apache Kafka with Maven"
	@$(BIN)/python -m motcua.stack.broker
	@touch $@
