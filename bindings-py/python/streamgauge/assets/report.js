// Draws the panels of a report from the JSON in #data. The tables are there without it.
"use strict";
(() => {
  addEventListener("error", (event) => {
    const failure = document.getElementById("failure");
    failure.style.display = "block";
    failure.textContent = `The charts could not be drawn: ${event.message}. The tables are complete.`;
  });
  const data = JSON.parse(document.getElementById("data").textContent);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const shown = data.runs.map(() => true);
  const charts = [];

  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const hue = (run) => data.runs[run][dark.matches ? "colour_dark" : "colour"];
  const number = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
  const dashes = { 2: "dashed", 4: "dotted" }; // CSS border style by the number of dash lengths
  const full = { min: -0.005 * data.duration_s, max: 1.005 * data.duration_s };

  // Joined series have a hole at each time that is only another's: the value under the cursor is
  // the nearest one of its own, unless that is too far away to be meant.
  function nearest(u, series, index, at) {
    const [times, values] = [u.data[0], u.data[series]];
    let left = index;
    let right = index;
    while (left >= 0 && values[left] == null) left--;
    while (right < values.length && values[right] == null) right++;
    const distance = (i) => (values[i] == null ? Infinity : Math.abs(times[i] - at));
    const best = distance(left) <= distance(right) ? left : right;
    const reach = Math.max(u.panel.reach_s, u.posToVal(10, "x") - u.posToVal(0, "x"));
    return distance(best) <= reach ? best : null;
  }

  // Points of a line that get a marker: those between two gaps, which have no line, and a last one
  // over less than a second. Holes of the join are undefined, gaps are null.
  function marked(u, series) {
    const values = u.data[series];
    const own = [...values.keys()].filter((i) => values[i] !== undefined);
    const empty = (i) => i === undefined || values[i] === null;
    const last = u.panel.series[series - 1].partial ? own.at(-1) : -1;
    return own.filter(
      (i, n) => !empty(i) && (i === last || (empty(own[n - 1]) && empty(own[n + 1]))),
    );
  }

  function drawBursts(u) {
    const { ctx, bbox } = u;
    const spans = data.runs.filter((_, run) => shown[run]).flatMap((run) => run.bursts);
    spans.sort((a, b) => a[0] - b[0]);
    ctx.save();
    ctx.fillStyle = css("--burst");
    let drawn = -Infinity; // Where bursts of several runs overlap, the shade is drawn once.
    for (const [start, end] of spans) {
      if (end > drawn) {
        const left = Math.max(bbox.left, u.valToPos(Math.max(start, drawn), "x", true));
        const right = Math.min(bbox.left + bbox.width, u.valToPos(end, "x", true));
        if (right > left) ctx.fillRect(left, bbox.top, right - left, bbox.height);
        drawn = end;
      }
    }
    ctx.restore();
  }

  function drawMarks(u) {
    const { ctx, bbox } = u;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
    ctx.textBaseline = "top";
    ctx.textAlign = "left";
    data.runs.forEach((run, index) => {
      if (!shown[index]) return;
      ctx.strokeStyle = ctx.fillStyle = hue(index);
      ctx.setLineDash([2 * devicePixelRatio, 3 * devicePixelRatio]);
      run.marks.forEach(([at, name], level) => {
        const x = u.valToPos(at, "x", true);
        ctx.beginPath();
        ctx.moveTo(x, bbox.top);
        ctx.lineTo(x, bbox.top + bbox.height);
        ctx.stroke();
        const y = bbox.top + (2 + (level % 4) * 13) * devicePixelRatio;
        if (u.panel.id === "latency") ctx.fillText(name, x + 4, y);
      });
    });
    ctx.restore();
  }

  // Latencies far above the rest would flatten everything: the axis ends before them, and an arrow
  // at its end stands for each. The cursor still tells their values.
  function drawClipped(u) {
    const { limit } = u.panel;
    if (limit == null) return;
    const { ctx, bbox } = u;
    const size = 4 * devicePixelRatio;
    ctx.save();
    for (const series of u.panel.series.filter((s) => shown[s.run])) {
      ctx.fillStyle = hue(series.run);
      series.t.forEach((at, i) => {
        const x = u.valToPos(at, "x", true);
        if (series.v[i] <= limit || x < bbox.left || x > bbox.left + bbox.width) return;
        ctx.beginPath();
        ctx.moveTo(x, bbox.top);
        ctx.lineTo(x - size, bbox.top + 1.6 * size);
        ctx.lineTo(x + size, bbox.top + 1.6 * size);
        ctx.fill();
      });
    }
    ctx.restore();
  }

  // Strips have a row for each run: ticks whose height grows with the count, or spans.
  function drawStrip(u) {
    const { ctx, bbox } = u;
    const height = bbox.height / data.runs.length;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    for (const series of u.panel.series) {
      if (!shown[series.run]) continue;
      const bottom = bbox.top + height * (series.run + 0.94);
      ctx.fillStyle = hue(series.run);
      series.t.forEach((at, i) => {
        const left = u.valToPos(at, "x", true);
        const spans = u.panel.kind === "spans";
        const right = spans ? u.valToPos(at + series.v[i], "x", true) : left;
        const tall = spans
          ? 0.8
          : 0.88 * Math.min(1, Math.max(0.33, Math.log2(1 + series.v[i]) / 3));
        ctx.fillRect(
          left,
          bottom - height * tall,
          Math.max(right - left, 1.3 * devicePixelRatio),
          height * tall,
        );
      });
    }
    ctx.restore();
  }

  // One x range for all panels.
  let zooming = false;
  function zoomTo(min, max) {
    const width = Math.min(max - min, full.max - full.min);
    min = Math.min(Math.max(min, full.min), full.max - width);
    zooming = true;
    for (const u of charts) u.setScale("x", { min, max: min + width });
    zooming = false;
  }
  function zoomBy(factor, at) {
    const { min, max } = charts[0].scales.x;
    const centre = at ?? (min + max) / 2;
    if ((max - min) * factor > 0.01)
      zoomTo(centre - (centre - min) * factor, centre + (max - centre) * factor);
  }
  function panBy(share) {
    const { min, max } = charts[0].scales.x;
    zoomTo(min + (max - min) * share, max + (max - min) * share);
  }
  const reset = () => zoomTo(full.min, full.max);

  // Dragging zooms; with Shift it pans.
  function startPan(u, event) {
    const { min, max } = u.scales.x;
    const perPixel = (max - min) / u.over.clientWidth;
    const move = (e) => {
      const by = (event.clientX - e.clientX) * perPixel;
      zoomTo(min + by, max + by);
    };
    const stop = () => {
      removeEventListener("mousemove", move);
      removeEventListener("mouseup", stop);
    };
    addEventListener("mousemove", move);
    addEventListener("mouseup", stop);
    event.preventDefault();
  }

  function onKey(u, event) {
    const actions = {
      "+": () => zoomBy(0.5),
      "=": () => zoomBy(0.5),
      "-": () => zoomBy(2),
      0: reset,
      Escape: reset,
      ArrowLeft: () => (event.shiftKey ? panBy(-0.2) : moveCursor(u, -1)),
      ArrowRight: () => (event.shiftKey ? panBy(0.2) : moveCursor(u, 1)),
    };
    if (event.ctrlKey || event.altKey || event.metaKey || !(event.key in actions)) return;
    event.preventDefault();
    actions[event.key]();
  }
  function moveCursor(u, direction) {
    const width = u.over.clientWidth;
    const left = u.cursor.left >= 0 ? u.cursor.left + (direction * width) / 100 : width / 2;
    u.setCursor(
      { left: Math.min(Math.max(left, 0), width), top: u.over.clientHeight / 2 },
      true,
      true,
    );
  }

  function options(panel, width) {
    const strip = panel.kind === "sticks" || panel.kind === "spans";
    const rangeY = (_, min, max) => {
      if (strip || min == null) return [0, 1];
      return [Math.min(0, min * 1.05), Math.min(Math.max(max * 1.05, 1), panel.limit ?? Infinity)];
    };
    const decimals = panel.kind === "spans" ? 2 : 1;
    const show = (value) =>
      value == null ? "–" : `${number.format(+value.toFixed(decimals))} ${panel.unit}`;
    const axis = {
      stroke: () => css("--ink"),
      grid: { stroke: () => css("--line"), width: 1 },
      ticks: { stroke: () => css("--line") },
    };
    const series = panel.series.map((s) => ({
      label:
        panel.quantities > 1 ? `${data.runs[s.run].label} ${s.quantity}` : data.runs[s.run].label,
      stroke: () => hue(s.run),
      width: 1.6,
      dash: s.dash,
      value: (_, value) => show(value),
      paths: panel.kind === "lines" ? undefined : () => null,
      points:
        panel.kind === "points"
          ? { show: true, size: 3.6, width: 0, fill: () => hue(s.run) + "a8" }
          : panel.kind === "lines"
            ? { show: true, size: 6, width: 1.6, fill: () => css("--paper"), filter: marked }
            : { show: false },
    }));
    return {
      width,
      height: panel.id === "latency" ? 320 : strip ? 14 + 18 * data.runs.length : 190,
      padding: [6, 12, panel.id === "rate" ? 0 : 8, 0],
      scales: {
        x: {
          time: false,
          range: (_, min, max) => (zooming || max - min > 0 ? [min, max] : [full.min, full.max]),
        },
        y: { range: rangeY },
      },
      axes: [
        {
          ...axis,
          show: panel.id === "rate",
          values: (_, ticks) => ticks.map((t) => `${number.format(t)} s`),
        },
        {
          ...axis,
          size: 64,
          grid: { ...axis.grid, show: !strip },
          values: strip ? () => [] : undefined,
          ticks: { ...axis.ticks, show: !strip },
        },
      ],
      series: [
        { label: "time", value: (_, at) => (at == null ? "–" : `${at.toFixed(2)} s`) },
        ...series,
      ],
      legend: { markers: { dash: (_, i) => dashes[panel.series[i - 1].dash.length] ?? "solid" } },
      cursor: {
        sync: { key: "streamgauge", scales: ["x", null] },
        drag: { x: true, y: false },
        points: { show: !strip },
        dataIdx: (u, index, hovered, at) =>
          index === 0 ? hovered : nearest(u, index, hovered, at),
        bind: {
          mousedown: (u, _, handler) => (event) =>
            event.shiftKey ? startPan(u, event) : handler(event),
          dblclick: () => () => reset(),
        },
      },
      hooks: {
        drawClear: [drawBursts],
        draw: [strip ? drawStrip : drawClipped, drawMarks],
        setScale: [
          (u, key) => {
            const { min, max } = u.scales.x;
            if (key === "x" && !zooming && charts.includes(u)) zoomTo(min, max);
          },
        ],
      },
    };
  }

  function build(panel) {
    const host = document.getElementById(`chart-${panel.id}`);
    if (!host || panel.series.length === 0) return;
    const joined = uPlot.join(panel.series.map((series) => [series.t, series.v]));
    // The hooks run while uPlot is being made, so the panel is given to it before that.
    const plugin = { hooks: {}, opts: (u) => void (u.panel = panel) };
    const u = new uPlot({ ...options(panel, host.clientWidth), plugins: [plugin] }, joined, host);
    host.addEventListener("keydown", (event) => onKey(u, event));
    u.over.addEventListener(
      "wheel",
      (event) => {
        if (!event.ctrlKey) return;
        event.preventDefault();
        zoomBy(event.deltaY < 0 ? 0.8 : 1.25, u.posToVal(event.offsetX, "x"));
      },
      { passive: false },
    );
    new ResizeObserver(() => {
      if (host.clientWidth > 0 && host.clientWidth !== u.width)
        u.setSize({ width: host.clientWidth, height: u.height });
    }).observe(host);
    charts.push(u);
  }

  function toggle(run, visible) {
    shown[run] = visible;
    for (const u of charts) {
      u.batch(() => {
        u.panel.series.forEach((s, i) => s.run === run && u.setSeries(i + 1, { show: visible }));
        u.redraw(false);
      });
    }
  }

  data.panels.forEach(build);
  reset();
  document.querySelectorAll("input[data-run]").forEach((box) => {
    box.checked = true; // browsers restore the state of a page that is loaded again
    box.addEventListener("change", () => toggle(Number(box.dataset.run), box.checked));
  });
  const buttons = {
    in: () => zoomBy(0.5),
    out: () => zoomBy(2),
    left: () => panBy(-0.2),
    right: () => panBy(0.2),
    reset,
  };
  document
    .querySelectorAll("button[data-do]")
    .forEach((b) => b.addEventListener("click", buttons[b.dataset.do]));
  dark.addEventListener("change", () => {
    document
      .querySelectorAll(".swatch[data-run]")
      .forEach((s) => (s.style.background = hue(Number(s.dataset.run))));
    charts.forEach((u) => u.redraw(false));
  });
  document
    .querySelectorAll(".swatch[data-run]")
    .forEach((s) => (s.style.background = hue(Number(s.dataset.run))));
  document.documentElement.dataset.report = "ready";
})();
