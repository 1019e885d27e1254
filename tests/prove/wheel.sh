# The wheel, installed outside of the checkout: its command runs, and it carries the guides that the server shows.
set -euo pipefail
python -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir . "$REPO"
python -m venv --without-pip alone
python -m pip --python alone/bin/python install --quiet --disable-pip-version-check --no-deps --no-index ./*.whl
# What it depends on is the checkout's; a path file in a path file is not followed, so the checkout itself is not seen.
python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' >"$(alone/bin/python -c \
  'import sysconfig; print(sysconfig.get_path("purelib"))')/dependencies.pth"
PATH=$PWD/alone/bin:$PATH
[[ $(python -c 'import clawver_orders; print(clawver_orders.__file__)') == "$PWD"/alone/* ]]
exec python "$HERE/wheel.py"
