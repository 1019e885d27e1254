# The TypeScript SDK v2 as a client over stdio. The script is copied below the place where its imports are installed.
set -euo pipefail
cp "$HERE/desk_walk.mjs" "$HERE/typescript_v2.mjs" "$HOME/"
exec node "$HOME/typescript_v2.mjs"
