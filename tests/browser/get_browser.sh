#!/bin/sh
# A browser for the browser tests: the system's, else Debian's chromium, else Playwright's own download.
# Without one make test goes on and says which tests it skipped.
cd "$(dirname "$0")/../.." || exit

found() {
    .venv/bin/python 2>/dev/null - <<-'END'
	from playwright.sync_api import sync_playwright
	from tests.browser.browsing import find_browser
	with sync_playwright() as driver:
	    raise SystemExit(find_browser(driver) is None)
	END
}

debian() {
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return
    export DEBIAN_FRONTEND=noninteractive
    install="apt-get install -y --no-install-recommends chromium"
    $install || { apt-get update && $install; }
}

found && exit
echo "Installing Chromium for the browser tests, once."
debian >/dev/null 2>&1
found || .venv/bin/playwright install chromium >/dev/null 2>&1
found || echo "No Chromium could be installed, so the browser tests are skipped: install Chromium or Chrome to run them."
