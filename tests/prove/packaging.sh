# The unit, by systemd's own judgement; and that a desk that serves asks the system for nothing that the unit forbids.
set -euo pipefail
cd "$REPO"
if ! command -v strace >/dev/null; then
  { apt-get update && apt-get install -y --no-install-recommends strace; } >"$HOME/apt.log" 2>&1
fi

# The program is elsewhere here; all else is as it is shipped.
unit=$HOME/clawver-orders.service
sed "s#/opt/clawver-orders/bin/#$REPO/.venv/bin/#" packaging/systemd/clawver-orders.service >"$unit"
found=$(systemd-analyze verify --man=no "$unit" 2>&1) || { echo "$found"; exit 1; }
[ -z "$found" ] || { echo "$found"; exit 1; }
systemd-analyze security --offline=true --no-pager --threshold=20 "$unit" | tail -n 1

# One that is wrong is found.
sed 's/^ProtectSystem=.*/ProtectSystem=maybe/' "$unit" >"$HOME/wrong.service"
[ -n "$(systemd-analyze verify --man=no "$HOME/wrong.service" 2>&1)" ]

# What the unit lets through, by systemd's own lists.
listed() { systemd-analyze --no-pager syscall-filter "$1" | sed -n 's/^ *\([a-z@].*\)$/\1/p' | while read -r word; do
  case $word in @*) [ "$word" = "$1" ] || listed "$word" ;; *) echo "$word" ;; esac; done; }
{ listed @system-service; } | sort -u >"$HOME/allowed"
{ listed @privileged; listed @resources; } | sort -u >"$HOME/forbidden"
comm -23 "$HOME/allowed" "$HOME/forbidden" >"$HOME/rest"

export CLAWVER_ORDERS_HOME=$HOME/state
clawver-orders db check --sandbox
port=$(python -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
strace -f -qq -o "$HOME/trace" clawver-orders serve --http --sandbox --port "$port" --log json 2>"$HOME/serve.txt" &
traced=$!
python - "$port" <<'PY'
import sys, time, urllib.request
for _ in range(300):
    try:
        print(urllib.request.urlopen(f"http://127.0.0.1:{sys.argv[1]}/readyz", timeout=5).read().decode())
        break
    except OSError:
        time.sleep(0.1)
else:
    sys.exit("it does not serve")
PY
kill -TERM "$(cat "/proc/$traced/task/$traced/children" | tr -d " ")"
wait "$traced" || true
sed -E 's/^[0-9]+ +//; s/^<\.\.\. ([a-z0-9_]+) resumed.*/\1(/; s/\(.*//' "$HOME/trace" | grep -E '^[a-z0-9_]+$' | sort -u >"$HOME/asked"
comm -23 "$HOME/asked" "$HOME/rest" >"$HOME/refused"
echo "$(wc -l <"$HOME/asked") system calls, of which the unit refuses: $(tr '\n' ' ' <"$HOME/refused")"
# As root, SQLite keeps a journal's owner; as any other user, which the unit's is, it does not ask for that.
[ -z "$(grep -v -x fchown "$HOME/refused" || true)" ]
