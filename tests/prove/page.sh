# The approval page in headless Chromium, with scripts switched off. Its pictures are left in this proof's home; to
# take them over: tests/prove/run page && cp .prove/home/page/approval-*.png references/images/
set -euo pipefail
exec node "$HERE/page.mjs"
