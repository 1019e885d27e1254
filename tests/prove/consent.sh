# The last column of the table in references/refunds.md: the desk as another user of the machine, and an assistant
# with a shell. Needs root and Linux, for it makes two users; they and their files are removed again.
set -euo pipefail
[ "$(uname -s)" = Linux ] && [ "$(id -u)" = 0 ] || { echo "this proof makes users: it needs root on Linux"; exit 1; }

desk=clawver-prove-desk
assistant=clawver-prove-ai
scratch=$(mktemp -d /tmp/clawver-prove-XXXXXX)
cleanup() {
  userdel "$desk" 2>/dev/null || true
  userdel "$assistant" 2>/dev/null || true
  rm -rf "${scratch:?}"
}
trap cleanup EXIT
chmod 755 "$scratch"
useradd --system --no-create-home --shell /bin/sh "$desk"
useradd --system --no-create-home --shell /bin/sh "$assistant"

# What runs must be readable for both, wherever the checkout and the interpreter are: else a copy of root's.
site=$("$REPO/.venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
PYTHONPATH=$REPO/skill:$site
if ! runuser -u "$assistant" -- test -r "$REPO/skill/clawver_orders/__main__.py" -a -r "$site/mcp/__init__.py"; then
  mkdir "$scratch/lib" && cp -r "$site/." "$REPO/skill/clawver_orders" "$scratch/lib/"
  PYTHONPATH=$scratch/lib
fi
python=$("$REPO/.venv/bin/python" -c 'import os, sys; print(os.path.realpath(sys.executable))')
if ! runuser -u "$assistant" -- test -x "$python"; then
  base=$("$REPO/.venv/bin/python" -c 'import sys; print(sys.base_prefix)')
  version=$("$REPO/.venv/bin/python" -c 'import sys; print("python%d.%d" % sys.version_info[:2])')
  mkdir -p "$scratch/base/bin" "$scratch/base/lib"
  cp "$python" "$scratch/base/bin/python"
  (cd "$base/lib" && tar -c --exclude=test --exclude=site-packages --exclude='*.a' "$version" $(ls -d libpython* 2>/dev/null || true)) |
    tar -x -C "$scratch/base/lib"
  python=$scratch/base/bin/python
  export LD_LIBRARY_PATH=$scratch/base/lib PYTHONHOME=$scratch/base
fi
chmod -R a+rX "$scratch"
export PYTHONPATH PYTHONDONTWRITEBYTECODE=1
"$python" "$HERE/consent.py" "$scratch" "$desk" "$assistant" "$python"
