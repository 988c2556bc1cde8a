#!/usr/bin/env bash
# The browser that the page's tests need: finds one, or installs Debian's when this is root's machine, or says how.
set -euo pipefail
cd "$(dirname "$0")"

[ -d node_modules/playwright-core ] && [ -d node_modules/axe-core ] || npm ci --no-audit --no-fund

for place in "${CHROMIUM:-}" /usr/bin/chromium /usr/bin/chromium-browser /usr/bin/google-chrome; do
    if [ -n "$place" ] && [ -x "$place" ]; then
        exit 0
    fi
done
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null
else
    echo "SKIPPED: the tests of the page in a browser need Chromium: sudo apt-get install chromium, or name one in CHROMIUM" >&2
fi
