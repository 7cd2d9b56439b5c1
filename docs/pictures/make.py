"""Pictures of pages, as a browser shows them on a desk and on a telephone: HTML files in, PNG files out. Needs Chromium; pngquant makes the
pictures small. Talks to Chromium by its DevTools protocol over a pipe (--remote-debugging-pipe), so that a page is exactly as wide as asked.

    python docs/pictures/make.py FOLDER-OF-HTML docs/pictures
"""
import argparse
import base64
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

WIDE, NARROW = 1000, 380
# Name of the page, and how it is shown.
PICTURES = [
    ("email-one-finding", WIDE, False),
    ("email-one-finding", NARROW, False),
    ("email-one-finding", NARROW, True),
    ("email-a-group-of-twelve", WIDE, False),
    ("email-a-digest", WIDE, False),
    ("email-a-digest", NARROW, False),
    ("email-resolved", WIDE, False),
]


class Browser:
    """Chromium without a window, one page in it."""

    def __init__(self, chromium: str, profile: str) -> None:
        to_browser, self.out = os.pipe()
        self.inward, from_browser = os.pipe()

        def pipes() -> None:
            # The protocol's ends are the file descriptors 3 and 4; both are moved out of the way first.
            read, write = os.dup(to_browser), os.dup(from_browser)
            high_read, high_write = 60, 61
            os.dup2(read, high_read), os.dup2(write, high_write)
            os.dup2(high_read, 3), os.dup2(high_write, 4)

        command = [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--remote-debugging-pipe"]
        self.process = subprocess.Popen(
            [*command, f"--user-data-dir={profile}", "about:blank"], preexec_fn=pipes, close_fds=False, stderr=subprocess.DEVNULL
        )
        os.close(to_browser), os.close(from_browser)
        self.number, self.buffer = 0, b""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.page("Page.enable")

    def call(self, method: str, session: str | None = None, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(self.out, json.dumps(message).encode() + b"\0")
        return self.until(lambda told: told.get("id") == self.number)["result"]

    def until(self, is_it) -> dict:
        while True:
            while b"\0" not in self.buffer:
                chunk = os.read(self.inward, 1 << 20)
                if not chunk:
                    raise SystemExit("Chromium ended")
                self.buffer += chunk
            line, self.buffer = self.buffer.split(b"\0", 1)
            told = json.loads(line)
            if "error" in told:
                raise SystemExit(f"Chromium: {told['error']}")
            if is_it(told):
                return told

    def page(self, method: str, **parameters):
        return self.call(method, self.session, **parameters)

    def picture(self, html: pathlib.Path, width: int, is_dark: bool) -> bytes:
        shape = {"width": width, "height": 200, "deviceScaleFactor": 1 if width > 500 else 2, "mobile": width < 500}
        self.page("Emulation.setDeviceMetricsOverride", **shape)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"}
        self.page("Emulation.setEmulatedMedia", features=[scheme])
        self.page("Page.navigate", url=html.resolve().as_uri())
        self.until(lambda told: told.get("method") == "Page.loadEventFired")
        size = self.page("Page.getLayoutMetrics")["cssContentSize"]
        if size["width"] > width:
            print(f"WARNING: {html.name} is {size['width']} wide at {width}", file=sys.stderr)
        self.page("Emulation.setDeviceMetricsOverride", **{**shape, "height": int(size["height"])})
        return base64.b64decode(self.page("Page.captureScreenshot", format="png")["data"])

    def close(self) -> None:
        self.call("Browser.close")
        self.process.wait()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pages", type=pathlib.Path)
    parser.add_argument("pictures", type=pathlib.Path)
    parser.add_argument("--all", action="store_true", help="every page, wide and narrow, light and dark: to look at, not to keep")
    options = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not chromium:
        raise SystemExit("Chromium is not installed (Debian: apt-get install chromium)")
    names = sorted(page.stem for page in options.pages.glob("*.html"))
    wanted = [(name, width, dark) for name in names for width in (WIDE, NARROW) for dark in (False, True)] if options.all else PICTURES
    options.pictures.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as profile:
        browser = Browser(chromium, profile)
        for name, width, is_dark in wanted:
            target = options.pictures / f"{name}-{'wide' if width == WIDE else 'narrow'}{'-dark' if is_dark else ''}.png"
            target.write_bytes(browser.picture(options.pages / f"{name}.html", width, is_dark))
            if shutil.which("pngquant"):
                subprocess.run(["pngquant", "--force", "--ext", ".png", "--speed", "1", "--strip", "64", str(target)], check=True)
            print(f"{target}: {target.stat().st_size // 1024} KiB")
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
