# The database away and its disk full, for real: away at the start and for a minute in the middle, before the service,
# the receiver and a person's commands as processes; full on a file system of its own, its files or its log. Needs root,
# for the file system.
set -euo pipefail
[ "$(id -u)" = 0 ] || { echo "not done: root is needed, to make a small file system"; exit 1; }
# shellcheck disable=SC2012 # version numbers only
bin=$(dirname "$(ls -v /usr/lib/postgresql/*/bin/initdb 2>/dev/null | tail -n 1)")
[ -x "$bin/initdb" ] || bin=$(dirname "$(command -v initdb)")
data=$(mktemp -d)
chown postgres "$data"
control() { echo "runuser -u postgres -- $bin/pg_ctl -s -D $data/$1/server -l $data/$1/log.txt"; }
away=
clean() {
  cd /
  [ -z "$away" ] || kill "$away" 2>/dev/null || true
  for name in away data log; do $(control $name) -m immediate stop || true; done
  umount "$data/data" "$data/log/disk" || true
  rm -rf "$data"
}
trap clean EXIT
cd "$data"

# `server NAME OPTIONS`: one of its own on loopback, whose disk syncs or not is not what is tried here.
server() {
  local port
  runuser -u postgres -- "$bin/initdb" -D "$data/$1/server" -U desk --auth=trust -E UTF8 --no-locale --wal-segsize=1 \
    "${@:2}" >"$HOME/initdb-$1.txt"
  port=$(python -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
  cat >>"$data/$1/server/postgresql.conf" <<CONF
listen_addresses = '127.0.0.1'
port = $port
unix_socket_directories = ''
min_wal_size = 2MB
max_wal_size = 8MB
CONF
  $(control "$1") -w start
  echo "$port" >"$data/$1/port"
}
# `tried NAME DISK ARGUMENTS`: tests on that server.
tried() {
  cd "$REPO"
  env CLAWVER_ORDERS_TEST_POSTGRES="postgresql://desk@127.0.0.1:$(cat "$data/$1/port")/postgres" \
    CLAWVER_ORDERS_TEST_PG_CTL="$(control "$1")" CLAWVER_ORDERS_TEST_DISK="$2" \
    python -m pytest -q -s --show-capture=no -p no:cacheprovider "${@:3}"
}
for name in away data log; do install -d -o postgres "$data/$name"; done
mount -t tmpfs -o size=40m,mode=755,uid="$(id -u postgres)" tmpfs "$data/data"
install -d -o postgres "$data/log/disk"
mount -t tmpfs -o size=16m,mode=755,uid="$(id -u postgres)" tmpfs "$data/log/disk"
server away
# What waits for a minute does so beside the rest.
tried away /nowhere tests/prove/away.py >"$HOME/away.txt" 2>&1 &
away=$!
server data --waldir="$data/wal-of-data"
server log --waldir="$data/log/disk/wal"
failed=0
tried data "$data/data" tests/prove/full.py -k data || failed=1
tried log "$data/log/disk" tests/prove/full.py -k log || failed=1
wait "$away" || failed=1
cat "$HOME/away.txt"
exit "$failed"
