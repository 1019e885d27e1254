# PostgreSQL as the record of several machines: a server of its own on loopback, crashed and misconfigured by the tests;
# the tests of the record and of the money on it; desks that are killed while it crashes; and 24 racing processes, there
# and on SQLite.
set -euo pipefail
# shellcheck disable=SC2012 # version numbers only
bin=$(dirname "$(ls -v /usr/lib/postgresql/*/bin/initdb 2>/dev/null | tail -n 1)")
[ -x "$bin/initdb" ] || bin=$(dirname "$(command -v initdb)")
# PostgreSQL does not run as root, and its user need not be able to enter this directory.
as_server=()
[ "$(id -u)" != 0 ] || as_server=(runuser -u postgres --)
data=$(mktemp -d)
[ "$(id -u)" != 0 ] || chown postgres "$data"
control=("${as_server[@]}" "$bin/pg_ctl" -s -D "$data/server" -l "$data/log")
trap 'cd /; "${control[@]}" -m immediate stop || true; rm -rf "$data"' EXIT

port=$(python -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
cd "$data"
"${as_server[@]}" "$bin/initdb" -D "$data/server" -U desk --auth=trust -E UTF8 --no-locale >"$HOME/initdb.txt"
cat >>"$data/server/postgresql.conf" <<CONF
listen_addresses = '127.0.0.1'
port = $port
unix_socket_directories = ''
CONF
"${control[@]}" -w start

export CLAWVER_ORDERS_TEST_POSTGRES="postgresql://desk@127.0.0.1:$port/postgres"
export CLAWVER_ORDERS_TEST_PG_CTL="${control[*]}"
export COVERAGE_FILE=$HOME/.coverage
cd "$REPO"
coverage run -m pytest -q -p no:cacheprovider -k "not legacy" tests/prove/postgres.py tests/prove/database.py \
  tests/prove/approving.py tests/prove/outages.py tests/ledger/test_record.py tests/ledger/test_kept.py \
  tests/ledger/test_received.py tests/ledger/test_version.py tests/service/test_tokens.py tests/service/test_leaving.py \
  tests/approvals/team/test_pin.py \
  tests/approvals/team/test_login.py::test_from_the_prepared_refund_over_the_login_to_one_send \
  tests/ledger/test_postgres_away.py tests/refunds/test_limits.py tests/desk/test_refunds.py tests/desk/test_webhooks.py
coverage combine -q
coverage report --include='*/ledger/postgres.py,*/ledger/moving.py' --fail-under=100

"$bin/createdb" -h 127.0.0.1 -p "$port" -U desk outage
python -m tests.outage --database "postgresql://desk@127.0.0.1:$port/outage" --control "${control[*]}" --orders 50 --harms 7
python -m tests.race --processes 24 --rounds 5 --database "postgresql+psycopg://desk@127.0.0.1:$port/postgres"
python -m tests.race --processes 24 --rounds 5
