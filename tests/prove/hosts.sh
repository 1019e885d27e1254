# Two hosts and a database server of their own, as network namespaces: desks on both are killed and cut off, and the
# database crashes, while they refund the same orders. Needs root, for the namespaces.
set -euo pipefail
[ "$(id -u)" = 0 ] || { echo "not done: root is needed, to make two hosts as network namespaces"; exit 1; }
# shellcheck disable=SC2012 # version numbers only
bin=$(dirname "$(ls -v /usr/lib/postgresql/*/bin/initdb 2>/dev/null | tail -n 1)")
[ -x "$bin/initdb" ] || bin=$(dirname "$(command -v initdb)")
data=$(mktemp -d)
chown postgres "$data"
name=orders$$
db=$name-db hosts=("$name-a" "$name-b")
control=(ip netns exec "$db" runuser -u postgres -- "$bin/pg_ctl" -s -D "$data/server" -l "$data/log")
clean() {
  cd /
  "${control[@]}" -m immediate stop || true
  for host in "$db" "${hosts[@]}"; do ip netns del "$host" || true; done
  rm -rf "$data"
}
trap clean EXIT

ip netns add "$db"
ip -n "$db" link set lo up
ip -n "$db" link add between type bridge
ip -n "$db" addr add 10.213.0.1/24 dev between
ip -n "$db" link set between up
for number in 0 1; do
  host=${hosts[$number]}
  ip netns add "$host"
  ip -n "$host" link set lo up
  ip -n "$host" link add eth0 type veth peer name "to$number" netns "$db"
  ip -n "$db" link set "to$number" master between up
  ip -n "$host" addr add "10.213.0.$((number + 2))/24" dev eth0
  ip -n "$host" link set eth0 up
done

cd "$data"
runuser -u postgres -- "$bin/initdb" -D "$data/server" -U desk --auth=trust -E UTF8 --no-locale >"$HOME/initdb.txt"
echo "host all desk 10.213.0.0/24 trust" >>"$data/server/pg_hba.conf"
cat >>"$data/server/postgresql.conf" <<CONF
listen_addresses = '*'
port = 5432
unix_socket_directories = ''
CONF
"${control[@]}" -w start
cd "$REPO"
ip netns exec "$db" python -m tests.outage --hosts "${hosts[0]},${hosts[1]}" --control "${control[*]:4}" \
  --database "postgresql://desk@10.213.0.1:5432/postgres" --desks 6 --orders 80 --harms 14
