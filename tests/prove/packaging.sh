# The units, by systemd's own judgement; the container files by linters, one with the compose specification's own schema;
# and that a desk that serves, and a receiver, ask the system for nothing that the units forbid.
set -euo pipefail
cd "$REPO"

# The program is elsewhere here; all else is as it is shipped.
for name in clawver-orders clawver-orders-webhooks; do
  unit=$HOME/$name.service
  sed "s#/opt/clawver-orders/bin/#$REPO/.venv/bin/#" "packaging/systemd/$name.service" >"$unit"
  found=$(systemd-analyze verify --man=no "$unit" 2>&1) || { echo "$found"; exit 1; }
  [ -z "$found" ] || { echo "$found"; exit 1; }
  systemd-analyze security --offline=true --no-pager --threshold=20 "$unit" | tail -n 1

  # One that is wrong is found.
  sed 's/^ProtectSystem=.*/ProtectSystem=maybe/' "$unit" >"$HOME/wrong.service"
  [ -n "$(systemd-analyze verify --man=no "$HOME/wrong.service" 2>&1)" ]
done

# The image's instructions, the shell in them too. One that is wrong is found, of each kind.
container=packaging/container
hadolint --no-color --failure-threshold style "$container/Containerfile"
for wrong in 's/^USER .*/USER root/' 's/^STOPSIGNAL .*/STOPSIGNALS SIGTERM/' 's/^RUN groupadd/RUN cd $HOME \&\& groupadd/'; do
  sed "$wrong" "$container/Containerfile" >"$HOME/Containerfile"
  if hadolint --no-color --failure-threshold style "$HOME/Containerfile"; then echo "not found: $wrong"; exit 1; fi
done

# The compose file. Not asked for: an order of names, quotes, and no name for the image that is built. What it only shows is looked at, too.
composed() {
  dclint --config "$HOME/dclint.json" --max-warnings 0 "$1"
}
echo '{"rules": {"no-build-and-image": 0, "no-quotes-in-volumes": 0, "require-quotes-in-ports": 0,
  "service-keys-order": 0, "services-alphabetical-order": 0}}' >"$HOME/dclint.json"
composed "$container/compose.yaml"
sed 's/# \(environment: {OTEL\)/\1/' "$container/compose.yaml" >"$HOME/compose.yaml"
grep -q '^ *environment: {OTEL' "$HOME/compose.yaml"
composed "$HOME/compose.yaml"
for wrong in 's/read_only: true/read_only: [1]/' 's/stop_grace_period:/stop_grace_time:/' 's/"127.0.0.1:8600:8600"/"8600:8600"/'; do
  sed "$wrong" "$container/compose.yaml" >"$HOME/compose.yaml"
  if composed "$HOME/compose.yaml"; then echo "not found: $wrong"; exit 1; fi
done

# What the units let through, by systemd's own lists; both have the same.
listed() { systemd-analyze --no-pager syscall-filter "$1" | sed -n 's/^ *\([a-z@].*\)$/\1/p' | while read -r word; do
  case $word in @*) [ "$word" = "$1" ] || listed "$word" ;; *) echo "$word" ;; esac; done; }
{ listed @system-service; } | sort -u >"$HOME/allowed"
{ listed @privileged; listed @resources; } | sort -u >"$HOME/forbidden"
comm -23 "$HOME/allowed" "$HOME/forbidden" >"$HOME/rest"

export CLAWVER_ORDERS_HOME=$HOME/state CLAWVER_ORDERS_CONFIG=$HOME/config.toml
printf '[stores.hey]\nplatform = "heidianer"\nbase_url = "https://example.heidianer.com"\n' >"$HOME/config.toml"
clawver-orders db check --sandbox

# Both are asked until they answer as they should, then stopped.
traced() {
  local port asked=$1
  shift
  port=$(python -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
  strace -f -qq -o "$HOME/trace" clawver-orders "$@" --sandbox --port "$port" >"$HOME/said.txt" 2>&1 &
  local strace=$!
  python - "http://127.0.0.1:$port$asked" <<'PY'
import hashlib, sys, time, urllib.request
body = None if sys.argv[1].endswith("/readyz") else b'{"data": {"id": 7}}'
secret = b"heidianer_webhook_secret_example"
headers = {"X-HeyShop-Event": "order_paid"}
if body:
    headers["X-HeyShop-Sha256"] = hashlib.sha256(body + secret).hexdigest().upper()
for _ in range(300):
    try:
        print(urllib.request.urlopen(urllib.request.Request(sys.argv[1], body, headers), timeout=5).read().decode())
        break
    except OSError:
        time.sleep(0.1)
else:
    sys.exit("it does not answer")
PY
  kill -TERM "$(tr -d " " <"/proc/$strace/task/$strace/children")"
  wait "$strace" || true
  sed -E 's/^[0-9]+ +//; s/^<\.\.\. ([a-z0-9_]+) resumed.*/\1(/; s/\(.*//' "$HOME/trace" | grep -E '^[a-z0-9_]+$' | sort -u >"$HOME/asked"
  comm -23 "$HOME/asked" "$HOME/rest" >"$HOME/refused"
  echo "$1: $(wc -l <"$HOME/asked") system calls, of which the unit refuses: $(tr '\n' ' ' <"$HOME/refused")"
  # As root, SQLite keeps a journal's owner; as any other user, which the units' is, it does not ask for that.
  [ -z "$(grep -v -x fchown "$HOME/refused" || true)" ]
}
traced /readyz serve --http --log json
traced /webhooks/hey webhooks
