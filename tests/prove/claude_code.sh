# Claude Code, a host: it starts the configured server and says whether it could talk to it. No login is needed for that.
set -euo pipefail
# The package's own command wants an install script to have run; the program itself lies in the platform's package.
claude=("$PROVE"/node_modules/@anthropic-ai/claude-code-*/claude)
export DISABLE_AUTOUPDATER=1 CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1
"${claude[0]}" mcp add orders -s user -- clawver-orders serve --sandbox
"${claude[0]}" mcp list | tee listed.txt
grep -q '^orders: .*Connected' listed.txt
