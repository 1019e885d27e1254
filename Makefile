# Two commands on a fresh machine: `make demo` and `make test`. They need python3, make and the network.
.DEFAULT_GOAL := help
PYTHON ?= python3
HISTORIES ?= 200000
PROCESSES ?= 24
ROUNDS ?= 100
SEED ?= 1
RUNS ?= 600
COUNT ?= 1000000
STORES ?= one
EXTRAS := --extra oidc --extra postgres --extra telemetry
SECONDS ?= 5
CALLS ?= 20000
CONNECTIONS ?= 10000
WORKERS ?= 2
BIN := .venv/bin
READY := .venv/.ready

.PHONY: help demo test prove simulate crash race forge mutate crowd bench bench-http check lock clean

help:  ## say what can be made
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(READY)

demo: $(READY)  ## the main job, end to end, on the sandbox shop: STORES=all for one on each platform
	@$(BIN)/clawver-orders demo --stores $(STORES)

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: $(READY) check  ## every test that needs Python alone
	rm -f .coverage .coverage.*
	$(BIN)/coverage run -m pytest --numprocesses $(WORKERS) --dist loadfile
	$(BIN)/coverage combine -q
	$(BIN)/coverage report --fail-under=95 --omit='*/ledger/postgres.py,*/ledger/moving.py'
	$(BIN)/coverage report --fail-under=100 --omit='*/ledger/postgres.py,*/ledger/moving.py' --include='*/money.py,*/clawver_orders/refunds/*,*/ledger/*,*/clawver_orders/http/*'

prove: $(READY)  ## what needs other people's programs: Node, hosts, validators; installs them
	bash tests/prove/run

simulate: $(READY)  ## seeded histories of crashes, races and lost answers: HISTORIES=200000 SEED=1
	$(BIN)/python -m tests.simulation --histories $(HISTORIES) --seed $(SEED)

crash: $(READY)  ## desks killed for real at named points, and the books compared: RUNS=600 SEED=1
	$(BIN)/python -m tests.crash --runs $(RUNS) --seed $(SEED)

race: $(READY)  ## desks as processes that meet at one order: PROCESSES=24 ROUNDS=100 DATABASE=a new PostgreSQL database
	$(BIN)/python -m tests.race --processes $(PROCESSES) --rounds $(ROUNDS) $(if $(DATABASE),--database '$(DATABASE)')

forge: $(READY)  ## events with forged signatures, none of which may pass: COUNT=1000000 SEED=1
	$(BIN)/python -m tests.webhooks --count $(COUNT) --seed $(SEED)

crowd: $(READY)  ## connections held open while a good program is answered: CONNECTIONS=10000
	$(BIN)/python -m tests.service.crowd --connections $(CONNECTIONS)

mutate: $(READY)  ## small mistakes made in refunds, record, money and confirmation; MODULES='refunds/rules.py'
	$(BIN)/python -m tests.mutation $(MODULES)

bench: $(READY)  ## what it costs, side by side with what it is compared to
	$(BIN)/python -m bench

bench-http: $(READY)  ## the service and the receiver under load: SECONDS=5 CALLS=20000
	$(BIN)/python -m bench.service --seconds $(SECONDS)
	$(BIN)/python -m bench.growth --calls $(CALLS)
	$(BIN)/python -m bench.hooks --seconds $$((3 * $(SECONDS)))

lock:  ## resolve the dependencies anew: hashes, no addresses
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --group dev $(EXTRAS) --universal --python-version 3.11 --upgrade \
	  --generate-hashes --no-header --no-emit-index-url --no-annotate --quiet -o requirements.lock
	$(BIN)/uv pip compile pyproject.toml $(EXTRAS) --universal --python-version 3.11 -c requirements.lock \
	  --generate-hashes --no-header --no-emit-index-url --no-annotate --quiet -o packaging/container/requirements.lock

clean:  ## remove what was installed here
	rm -rf .venv .prove
