// Draws the charts of the page: colours by theme, one zoom for all charts over time.
"use strict";
const payload = JSON.parse(document.getElementById("payload").textContent);
const [first, last] = payload.span;
const charts = payload.charts.map((chart) => ({ ...chart, data: unpack(chart.data) }));
const linked = charts.filter((chart) => chart.linked);
let zoom = null; // [from, to] in milliseconds, null: everything

// Numbers travel as base64 of their bytes, even times as their first, their step, their last and their count.
function unpack(part) {
  if (Array.isArray(part)) return part.map(unpack);
  if (part === null || typeof part !== "object") return part;
  if (part.step !== undefined && part.count !== undefined) {
    return Float64Array.from({ length: part.count }, (_, k) => Math.min(part.from + k * part.step, part.to));
  }
  if (part.bdata === undefined) return Object.fromEntries(Object.entries(part).map(([k, v]) => [k, unpack(v)]));
  const types = { f8: Float64Array, f4: Float32Array, i8: BigInt64Array, i4: Int32Array };
  const bytes = Uint8Array.from(atob(part.bdata), (c) => c.charCodeAt(0));
  return new types[part.dtype](bytes.buffer);
}

const css = (name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();

// "$buy" and "$buy/0.2" are names of colours in the style sheet.
function coloured(part) {
  if (typeof part === "string" && part.startsWith("$")) {
    const [name, opacity] = part.slice(1).split("/");
    const hex = css(name);
    const [r, g, b] = [1, 3, 5].map((k) => parseInt(hex.slice(k, k + 2), 16));
    return `rgba(${r},${g},${b},${opacity || 1})`;
  }
  if (Array.isArray(part)) return part.map(coloured);
  if (part === null || typeof part !== "object" || ArrayBuffer.isView(part)) return part;
  return Object.fromEntries(Object.entries(part).map(([k, v]) => [k, coloured(v)]));
}

function merged(below, above) {
  const out = { ...below };
  for (const [key, value] of Object.entries(above || {})) {
    const both = value && out[key] && typeof value === "object" && typeof out[key] === "object";
    out[key] = both && !Array.isArray(value) ? merged(out[key], value) : value;
  }
  return out;
}

const pad = (last - first) * 0.005 || 500;
const whole = () => [first - pad, last + pad];

function layout(chart) {
  const axis = {
    gridcolor: css("grid"), linecolor: css("edge"), zerolinecolor: css("edge"), zerolinewidth: 1,
    tickcolor: css("edge"), automargin: !chart.linked, title: { font: { size: 11.5, color: css("muted") }, standoff: 8 },
  };
  const narrow = window.innerWidth < 600;
  const base = {
    font: { family: css("sans"), size: 11.5, color: css("muted") },
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    margin: { l: chart.linked ? (narrow ? 52 : 74) : 56, r: 14, t: chart.layout.showlegend ? 26 : 12, b: chart.linked ? 40 : 46 },
    xaxis: { ...axis, zeroline: false }, yaxis: { ...axis, separatethousands: true, exponentformat: "none" },
    legend: { orientation: "h", x: 1, xanchor: "right", y: 1.02, yanchor: "bottom", font: { size: 11.5, color: css("soft") }, bgcolor: "rgba(0,0,0,0)" },
    hoverlabel: { bgcolor: css("card"), bordercolor: css("edge"), font: { family: css("sans"), size: 12, color: css("ink") }, align: "left" },
    dragmode: chart.linked ? "zoom" : false, uirevision: "keep",
  };
  const out = merged(base, coloured(chart.layout));
  if (chart.linked) {
    out.xaxis.range = zoom || whole();
    out.yaxis.fixedrange = true; // a drag zooms time; the other axis follows
    Object.assign(out.yaxis, heights(chart));
    out.shapes = payload.gaps.map(([x0, x1]) => ({
      type: "rect", xref: "x", yref: "paper", x0, x1, y0: 0, y1: 1, layer: "below", fillcolor: coloured("$a2/0.14"),
      line: { width: 1, color: coloured("$a2/0.4") }, // so that a short gap is seen in a long run
    }));
    if (out.hovermode !== "closest") out.xaxis.showspikes = false;
  } else {
    out.xaxis.fixedrange = out.yaxis.fixedrange = true;
  }
  return out;
}

// The range of y that fits what is seen: samples inside the zoom, and the one in force at its start.
function heights(chart) {
  if (!zoom || chart.data.some((trace) => trace.type === "bar")) return { autorange: true };
  let low = Infinity, high = -Infinity;
  for (const { x, y, fill } of chart.data) {
    for (let k = 0; k < x.length; k++) {
      const inside = x[k] >= zoom[0] && x[k] <= zoom[1];
      const inForce = x[k] < zoom[0] && (k + 1 === x.length || x[k + 1] >= zoom[0]);
      if (!(inside || (inForce && fill === "tozeroy")) || !Number.isFinite(y[k])) continue;
      low = Math.min(low, y[k]);
      high = Math.max(high, y[k]);
    }
  }
  if (low > high) return { autorange: true };
  const room = (high - low || Math.abs(high) || 1) * 0.08;
  return { autorange: false, range: [low - room, high + room] };
}

const config = {
  responsive: true, displayModeBar: false, doubleClick: false,
};
const place = (chart) => document.getElementById("chart-" + chart.id);
const draw = (chart) => Plotly.react(place(chart), coloured(chart.data), layout(chart), config);

const moment = (value) => (typeof value === "number" ? value : Date.parse(value.replace(" ", "T") + "Z"));

let busy = false;
async function show(range) {
  zoom = range;
  busy = true;
  await Promise.all(linked.map((chart) => {
    const y = heights(chart);
    const change = { "xaxis.range": zoom || whole(), "yaxis.autorange": y.autorange };
    if (y.range) change["yaxis.range"] = y.range;
    return Plotly.relayout(place(chart), change);
  }));
  busy = false;
}

for (const chart of charts) {
  draw(chart);
  if (!chart.linked) continue;
  place(chart).on("plotly_relayout", (change) => {
    if (busy) return;
    if (change["xaxis.range[0]"] !== undefined) show([moment(change["xaxis.range[0]"]), moment(change["xaxis.range[1]"])]);
  });
  place(chart).on("plotly_doubleclick", () => show(null));
}

for (const button of document.querySelectorAll("[data-zoom]")) {
  button.addEventListener("click", () => {
    const width = Number(button.dataset.zoom);
    if (!width) return show(null);
    const [from, to] = zoom || [first, last];
    const start = Math.max(first, Math.min((from + to) / 2 - width / 2, last - width));
    show([start, start + width]);
  });
}
for (const button of document.querySelectorAll("[data-tab]")) {
  button.addEventListener("click", () => {
    for (const other of document.querySelectorAll("[data-tab]")) {
      const chosen = other === button;
      other.setAttribute("aria-selected", chosen);
      document.getElementById(other.dataset.tab).hidden = !chosen;
    }
  });
}
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => charts.forEach(draw));
