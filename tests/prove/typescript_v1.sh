# The TypeScript SDK v1 as a client over stdio. The script is copied to where its imports are installed.
set -euo pipefail
cp "$HERE/desk_walk.mjs" "$HERE/typescript_v1.mjs" "$PROVE/"
exec node "$PROVE/typescript_v1.mjs"
