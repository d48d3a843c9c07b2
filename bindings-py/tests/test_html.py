"""The HTML report: self-contained, safe with any input, and drawn by a real browser."""

import json
import os
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import streamgauge
from streamgauge import _html

REAL = Path(__file__).parents[2] / "tests" / "data" / "runs_real"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
HOSTILE = "<img src=x onerror=alert(1)></script>&amp;\"'"


class Page(HTMLParser):
    """Elements with their attributes, and the text of scripts by their position."""

    def __init__(self, path):
        super().__init__()
        self.elements, self.scripts, self.texts = [], [], []
        self.text = path.read_text(encoding="utf-8")
        self.feed(self.text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag == "script":
            self.scripts.append("")

    def handle_data(self, data):
        if self.elements and self.elements[-1][0] == "script":
            self.scripts[-1] += data
        else:
            self.texts.append(data)

    @property
    def data(self):
        return json.loads(self.scripts[0])

    def panel(self, name):
        return next(panel for panel in self.data["panels"] if panel["id"] == name)


def real(*names):
    return [streamgauge.Run(REAL / name) for name in names]


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    runs = real("baseline-1", "baseline-2", "fec-1", "fec-2")
    comparison = streamgauge.compare(runs[:2], runs[2:])
    path = tmp_path_factory.mktemp("html") / "report.html"
    assert _html.write_report(path, runs, comparison) == path
    return runs, comparison, Page(path), path


def test_nothing_is_loaded_from_anywhere(pair):
    _, _, page, _ = pair
    tags = {tag for tag, _ in page.elements}
    assert not tags & {"link", "img", "iframe", "object", "embed", "base", "form"}
    for tag, attributes in page.elements:
        assert not {"src", "href", "srcset", "action", "style"} & set(attributes), (tag, attributes)
        assert not any(name.startswith("on") for name in attributes), (tag, attributes)
    styles = re.findall(r"<style>(.*?)</style>", page.text, re.S)
    assert len(styles) == 2
    assert not any("url(" in style or "@import" in style for style in styles)


def test_the_policy_forbids_the_network_and_foreign_scripts(pair):
    _, _, page, _ = pair
    policy = next(a["content"] for tag, a in page.elements if a.get("http-equiv"))
    assert policy.startswith("default-src 'none'; ")
    assert policy.count("'sha256-") == 4
    assert "unsafe" not in policy
    assert "http" not in policy


def test_the_data_is_the_core_s(pair):
    runs, _, page, _ = pair
    assert [run["label"] for run in page.data["runs"]] == [run.name for run in runs]
    for index, run in enumerate(runs):
        latency = page.panel("latency")["series"][index]
        assert latency["v"] == [float(f"{v:.6g}") for v in run.latency().latency_ms]
        start_us = run.window.start_us
        np.testing.assert_allclose(latency["t"], (run.latency().t_us - start_us) / 1e6, atol=1e-6)
        assert page.panel("lost")["series"][index]["v"] == list(map(float, run.gaps().missing))
        assert page.panel("rate")["series"][index]["v"] == pytest.approx(list(run.fps().per_s), rel=1e-5)
    assert {series["run"] for series in page.panel("fec")["series"]} == {2, 3}


def test_a_second_that_was_not_measured_is_a_gap(pair):
    _, _, page, _ = pair
    for series in page.panel("loss")["series"]:
        assert series["v"][-1] is None
        assert None not in series["v"][:-1]


def test_tables_hold_summary_problems_and_meaning(pair):
    _, _, page, _ = pair
    text = " ".join(page.texts)
    for key in ("frames_lost", "latency_p95_ms", "residual_loss_ratio_in_bursts"):
        assert text.count(key) >= 1
    formulas = {about.name: about.formula for about in streamgauge.keys()}  # noqa: SIM118
    assert formulas["frames_lost"] in text
    assert "livekit_nack_total" in text


def test_the_comparison_says_what_is_evidence(pair):
    _, comparison, page, _ = pair
    rows = _html.as_dict(comparison)["keys"]
    words = [text for text in page.texts if text in ("▲ better", "▼ worse", "· no evidence")]
    shown = [row for row in rows.values() if row["a"] is not None or row["b"] is not None]
    assert len(words) == len(shown)
    for effect, word in (("better", "▲ better"), ("worse", "▼ worse")):
        assert words.count(word) == sum(row["effect"] == effect for row in shown)
    assert rows["latency_p95_ms"]["effect"] == "worse"
    assert rows["frames_lost"]["effect"] == "no evidence"


@pytest.fixture
def hostile(tmp_path):
    """A run whose name, events, labels and meta data try to break out of the page."""
    directory = tmp_path / HOSTILE.replace("/", "")
    shutil.copytree(REAL / "fec-1", directory)
    with open(directory / "events.csv", "a") as events:
        events.write(f"1795234869406000,{HOSTILE}\n")
    with open(directory / "meta.env", "a") as meta:
        meta.write(f"CODEC={HOSTILE}\n")
    return streamgauge.Run(directory)


def test_text_from_the_input_stays_text(hostile, tmp_path):
    path = _html.write_report(tmp_path / "report.html", [hostile])
    page = Page(path)
    assert "img" not in {tag for tag, _ in page.elements}
    assert len(page.scripts) == 3
    assert "alert(1)" in page.data["runs"][0]["label"]
    assert page.data["runs"][0]["marks"] == [[10.0, HOSTILE]]
    assert "<img" not in page.text
    assert "<" not in page.scripts[0]


def test_a_reason_from_a_comparison_stays_text():
    row = {
        "unit": HOSTILE, "a": 1.0, "b": None, "difference": None, "relative": None, "interval": None,
        "no_interval": HOSTILE, "effect": "no evidence",
    }  # fmt: skip
    assert "<img" not in _html._comparison_row(HOSTILE, row)


@pytest.mark.parametrize("mode", ["exact", "plot_fec"])
def test_odd_runs_in_one_report(mode, tmp_path):
    paths = sorted(path for path in (REAL.parent / "runs").iterdir() if path.is_dir())
    runs = [streamgauge.Run(path) for path in paths]
    page = Page(_html.write_report(tmp_path / "report.html", runs, mode=mode))
    assert len(page.panel("latency")["series"]) == len(runs) == 8
    assert "time_not_integer, not used" in page.texts


def test_long_runs_are_thinned_and_the_page_says_so(tmp_path):
    directory = tmp_path / "long"
    directory.mkdir()
    sent = [1_000_000_000 + n * 10_000 for n in range(30_000)]
    late = [9_000_000 if n == 12_345 else 30_000 for n in range(30_000)]
    rows = "".join(f"{at + by},{n},{at}\n" for n, (at, by) in enumerate(zip(sent, late)))
    (directory / "frames.csv").write_text("recv_wall_us,frame_id,user_timestamp_us\n" + rows)
    page = Page(_html.write_report(tmp_path / "report.html", [streamgauge.Run(directory)]))
    latency = page.panel("latency")["series"][0]
    assert latency["of"] == 30_000
    assert len(latency["v"]) < 4200
    assert max(latency["v"]) == 9000.0, "the peak is kept"
    assert any(text.startswith("Thinned for display") for text in page.texts)
    assert page.panel("latency")["limit"] < 100


def test_not_a_number_and_nothing_are_gaps():
    assert _html._series(0, "", [0, 1, 2], [1.0, np.nan, np.inf])["v"] == [1.0, None, None]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "&ndash;"), (float("nan"), "&ndash;"), (0, "0"), (1234567, "1,234,567"),
        (0.0, "0"), (4433.0, "4,433"), (1234.56, "1,234.6"), (12.345, "12.35"), (0.0123456, "0.01235"),
        (True, "yes"), ("a<b", "a&lt;b"), ({"frames.csv": 0}, "none"), ({"x<": 2}, "x&lt;: 2"), ([], "none"),
    ],
)  # fmt: skip
def test_values_for_reading(value, text):
    assert _html.format_value(value) == text


def browse(path, script=""):
    """The page's DOM after its scripts and `script` have run, and what it wrote to the console."""
    if CHROMIUM is None:
        if os.environ.get("CI") == "true":
            pytest.fail("chromium is missing")
        pytest.skip("chromium is missing: apt-get install chromium")
    if script:
        # The page's own policy would rightly refuse the script.
        text = re.sub(r"<meta http-equiv[^>]*>", "", path.read_text(encoding="utf-8"))
        path = path.with_name("driven.html")
        path.write_text(text.replace("</body>", f"<script>{script}</script></body>"), encoding="utf-8")
    done = subprocess.run(
        [
            CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
            "--disable-component-update", "--disable-sync", "--no-first-run", "--enable-logging=stderr",
            f"--user-data-dir={path.with_name('profile')}", "--window-size=1400,2200",
            "--virtual-time-budget=3000", "--dump-dom", path.resolve().as_uri(),
        ],
        capture_output=True, timeout=120, check=True,
    )  # fmt: skip
    console = [line for line in done.stderr.decode(errors="replace").splitlines() if "CONSOLE" in line]
    return done.stdout.decode("utf-8"), console


def test_a_browser_draws_every_chart_without_a_complaint(pair):
    dom, console = browse(pair[3])
    assert console == []
    assert 'data-report="ready"' in dom
    assert dom.count("<canvas") == 6
    assert dom.count("u-legend") >= 6


def test_a_browser_draws_hostile_text_as_text(hostile, tmp_path):
    dom, console = browse(_html.write_report(tmp_path / "report.html", [hostile]))
    assert console == []
    assert 'data-report="ready"' in dom
    assert "<img" not in dom


def test_a_run_without_anything_is_a_page_without_charts(tmp_path):
    (tmp_path / "empty").mkdir()
    path = _html.write_report(tmp_path / "report.html", [streamgauge.Run(tmp_path / "empty")])
    dom, console = browse(path)
    assert console == []
    assert 'data-report="ready"' in dom
    assert "<canvas" not in dom
    assert "No FEC counters in these runs." in dom


DRIVE = """
const seen = {};
const charts = [...document.querySelectorAll(".chart")];
const press = (key, more = {}) =>
  charts[0].dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, ...more }));
const values = (chart) => [...chart.querySelectorAll(".u-value")].map((cell) => cell.textContent);
const at = (share) => {
  const over = charts[0].querySelector(".u-over");
  const box = over.getBoundingClientRect();
  over.dispatchEvent(new MouseEvent("mousemove",
    { clientX: box.left + box.width * share, clientY: box.top + 20, bubbles: true }));
};
const settle = () => new Promise((done) => setTimeout(done, 60));
(async () => {
  await settle();
  at(0.5); await settle();
  seen.hover = charts.map(values);
  document.querySelector('button[data-do="in"]').click(); await settle();
  at(0); await settle();
  seen.zoomed = values(charts[0])[0];
  seen.zoomed_below = values(charts.at(-1))[0];
  press("ArrowRight", { shiftKey: true }); await settle();
  at(0); await settle();
  seen.panned = values(charts[0])[0];
  press("0"); await settle();
  at(0); await settle();
  seen.reset = values(charts[0])[0];
  press("ArrowRight"); await settle();
  seen.moved = values(charts[0])[0];
  document.querySelector('input[data-run="0"]').click(); await settle();
  seen.off = charts.map((chart) => chart.querySelectorAll(".u-series.u-off").length);
  document.querySelector('input[data-run="0"]').click(); await settle();
  seen.on = document.querySelectorAll(".u-series.u-off").length;
  document.body.dataset.seen = JSON.stringify(seen);
})();
"""


def test_zoom_pan_hover_and_toggles_work_over_all_charts(pair):
    from html import unescape

    dom, console = browse(pair[3], DRIVE)
    assert console == []
    seen = json.loads(unescape(re.search(r'data-seen="([^"]*)"', dom)[1]))

    def seconds(text):
        return float(text.removesuffix(" s"))

    latency, _, fec, loss, _, rate = seen["hover"]
    assert 29 < seconds(latency[0]) < 31
    assert all(value.endswith(" ms") for value in latency[1:])
    assert (len(loss), len(fec)) == (1 + 8, 1 + 2)
    assert all(value.endswith(" /s") for value in rate[1:])
    assert 14 < seconds(seen["zoomed"]) < 16
    assert 14 < seconds(seen["zoomed_below"]) < 17
    assert 20 < seconds(seen["panned"]) < 22
    assert seconds(seen["reset"]) < seconds(seen["moved"]) < 1.5
    assert seen["off"] == [1, 1, 0, 2, 1, 1]
    assert seen["on"] == 0
