// Shows what the server sends. Every text is set as text, never as markup; nothing comes from elsewhere.

const SVG = "http://www.w3.org/2000/svg";
const SILENCE = 12_000; // ms without a message, after which the stream is cut; the server sends every 4 s at least
const AGAIN = 2_000; // ms
const root = document.documentElement;

const byId = (id) => document.getElementById(id);

function text(node, value) {
  if (node.textContent !== value) node.textContent = value;
}

function show(id, shown) {
  byId(id).hidden = !shown;
}

function make(name, parent, ...classes) {
  const node = document.createElement(name);
  node.classList.add(...classes);
  parent.append(node);
  return node;
}

// Give `parent` a child for each item. Children stay where they are, so that a selection or a focus stays too.
function list(parent, items, create, fill) {
  while (parent.children.length > items.length) parent.lastElementChild.remove();
  items.forEach((item, at) => fill(parent.children[at] ?? create(parent), item));
}

function terms(parent, pairs) {
  const flat = pairs.flat();
  while (parent.children.length > flat.length) parent.lastElementChild.remove();
  flat.forEach((item, at) => text(parent.children[at] ?? make(at % 2 ? "dd" : "dt", parent), item));
}

function gauge(node, now, most, label) {
  node.setAttribute("aria-valuemax", Math.max(most, now));
  node.setAttribute("aria-valuenow", now);
  node.setAttribute("aria-valuetext", label);
  node.firstElementChild.style.width = `${Math.min(100, (100 * now) / most)}%`;
}

function showAlerts(alerts) {
  show("alerts", alerts.length > 0);
  list(byId("alerts"), alerts, (parent) => {
    const line = make("p", parent);
    line.append(document.createTextNode(""));
    make("span", line);
    return line;
  }, (line, [name, since]) => {
    if (line.firstChild.data !== name + " ") line.firstChild.data = name + " ";
    text(line.lastChild, since);
  });
}

function showPower(power, facts) {
  show("power", power !== null);
  document.title = power === null ? "teleinfo" : `${power.figure} VA – teleinfo`;
  if (power === null) return;
  text(byId("power-figure"), power.figure);
  text(byId("power-label"), power.label);
  text(byId("power-estimated"), power.estimated);
  show("limit", power.limit !== null);
  const card = byId("power");
  card.classList.toggle("injects", power.injects);
  card.classList.toggle("over", power.limit !== null && power.limit.over);
  if (power.limit !== null) {
    gauge(byId("limit-meter"), power.limit.now, power.limit.most, power.limit.text);
    text(byId("limit-text"), power.limit.text);
  }
  terms(byId("facts"), facts);
}

function showPhases(phases) {
  show("phases", phases.length > 0);
  // A meter in mode historique has no voltages, and no power of each phase.
  const titles = document.querySelectorAll("#phases thead th");
  const [, ...shown] = ["name", "power", "current", "voltage"].map((name) => phases.some((phase) => phase[name]));
  shown.forEach((each, at) => (titles[at + 1].hidden = !each));
  list(byId("phases-rows"), phases, (parent) => {
    const row = make("tr", parent);
    make("th", row).scope = "row";
    make("td", row);
    const current = make("td", row);
    make("span", current);
    const bar = make("div", current, "gauge");
    bar.setAttribute("role", "meter");
    bar.setAttribute("aria-valuemin", 0);
    make("div", bar);
    make("td", row);
    return row;
  }, (row, phase) => {
    const [name, power, current, voltage] = row.children;
    const bar = current.lastElementChild;
    text(name, phase.name);
    text(power, phase.power);
    text(current.firstElementChild, phase.current);
    text(voltage, phase.voltage);
    [power, current, voltage].forEach((cell, at) => (cell.hidden = !shown[at]));
    const bounded = phase.now !== null && phase.most > 0;
    bar.hidden = !bounded;
    bar.setAttribute("aria-label", phase.name);
    row.classList.toggle("over", bounded && phase.now > phase.most);
    if (bounded) gauge(bar, phase.now, phase.most, phase.current);
  });
}

function showTariff(tariff, tempo) {
  show("tariff", tariff.length > 0 || tempo.length > 0);
  terms(byId("tariff-rows"), tariff);
  show("tempo", tempo.length > 0);
  list(byId("tempo"), tempo, (parent) => {
    const item = make("li", parent);
    make("span", item);
    make("b", item);
    return item;
  }, (item, day) => {
    item.className = day.colour ?? "unknown";
    text(item.firstElementChild, day.day);
    text(item.lastElementChild, day.text);
  });
}

function showEnergy(energy) {
  show("energy", energy !== null);
  if (energy === null) return;
  text(byId("energy-since"), energy.since);
  list(byId("energy-rows"), energy.rows, (parent) => {
    const row = make("tr", parent);
    make("th", row).scope = "row";
    make("td", row);
    make("td", row);
    return row;
  }, (row, index) => {
    text(row.children[0], index.name);
    text(row.children[1], index.value);
    text(row.children[2], index.added);
  });
}

function showLine(line, why, time) {
  show("line-grade", line !== null);
  if (line !== null) {
    text(byId("line-text"), line.grade);
    byId("line").classList.toggle("good", line.good);
    byId("line").classList.toggle("bad", !line.good);
  }
  list(byId("line-details"), line === null ? [] : line.details, (parent) => make("li", parent), text);
  text(byId("why"), why);
  text(byId("time"), time || "–");
}

function showNow(now) {
  text(byId("meter"), now.meter);
  show("silence", now.waiting !== null || now.silent !== null);
  text(byId("silence-text"), now.waiting ?? now.silent ?? "");
  text(byId("silence-why"), now.why);
  const silent = now.silent !== null;
  const title = byId("power-title");
  text(title, silent ? title.dataset.last : title.dataset.now);
  if (silent !== root.classList.contains("silent")) {
    root.classList.toggle("silent", silent);
    showStream();
  }
  showAlerts(now.alerts);
  showPower(now.power, now.facts);
  showPhases(now.phases);
  showTariff(now.tariff, now.tempo);
  showEnergy(now.energy);
  terms(byId("days"), now.days);
  showLine(now.line, now.why, now.time);
}

function showRows({ rows }) {
  show("all", rows.length > 0);
  list(byId("rows"), rows, (parent) => {
    const item = make("li", parent);
    make("code", item);
    make("span", item, "name");
    make("span", item, "value");
    make("ul", item);
    return item;
  }, (item, row) => {
    const [key, name, value, facts] = item.children;
    text(key, row.key);
    text(name, row.name);
    text(value, row.value);
    item.classList.toggle("alarm", row.alarm);
    facts.hidden = row.facts.length === 0;
    list(facts, row.facts, (parent) => make("li", parent), text);
  });
}

// ---- The curve ----

let curve = null;

function draw(name, parent, attributes, content) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (content !== undefined) node.textContent = content;
  parent.append(node);
  return node;
}

function hatch(parent, id) {
  const pattern = draw("pattern", draw("defs", parent, {}), {
    id, width: 8, height: 8, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)",
  });
  draw("line", pattern, { x1: 0, y1: 0, x2: 0, y2: 8, class: "hatch-line" });
}

function drawBand(parent, band, box) {
  draw("rect", parent, { ...box, class: `band-${band.colour ?? band.hours}` });
  if (band.hours === "low") draw("rect", parent, { ...box, fill: "url(#hatch)" });
}

function drawCurve() {
  if (curve === null) return;
  const chart = byId("chart");
  const { width, height } = chart.getBoundingClientRect();
  if (width === 0 || curve.axis.length === 0) return;
  chart.replaceChildren();
  chart.setAttribute("viewBox", `0 0 ${width} ${height}`);
  hatch(chart, "hatch");
  const left = 52, right = 8, top = 22, bottom = 22;
  const low = curve.axis[0][0], high = curve.axis.at(-1)[0];
  const x = (point) => left + (point / curve.values.length) * (width - left - right);
  const y = (power) => top + ((high - power) / (high - low)) * (height - top - bottom);
  const right_edge = width - right;

  for (const band of curve.bands) {
    const box = { x: x(band.first), y: top, width: x(band.end) - x(band.first), height: height - top - bottom };
    drawBand(chart, band, box);
    if (band.first > 0) draw("line", chart, { x1: box.x, x2: box.x, y1: top, y2: height - bottom, class: "edge" });
    // Letters are about 6.6 wide; a name that does not fit stands in the legend alone.
    if (band.text.length * 6.6 < box.width) draw("text", chart, { x: box.x + 4, y: top - 7 }, band.text);
  }
  for (const [power, label] of curve.axis) {
    draw("line", chart, { x1: left, x2: right_edge, y1: y(power), y2: y(power), class: power === 0 ? "zero" : "grid" });
    draw("text", chart, { x: left - 6, y: y(power) + 4, "text-anchor": "end" }, label);
  }
  for (const tick of curve.ticks) {
    const at = x(tick.point);
    if (at < left + 16 || at > right_edge - 14) continue;
    draw("line", chart, { x1: at, x2: at, y1: height - bottom, y2: height - bottom + 4, class: "zero" });
    draw("text", chart, { x: at, y: height - 5, "text-anchor": "middle" }, tick.text);
  }
  drawPower(chart, x, y);
  if (curve.limit !== null && curve.limit[0] <= high) {
    const at = y(curve.limit[0]);
    draw("line", chart, { x1: left, x2: right_edge, y1: at, y2: at, class: "limit" });
    draw("text", chart, { x: left + 4, y: at + (at < top + 16 ? 14 : -5), class: "limit-text" }, curve.limit[1]);
  }
}

// A line for each run of known points; what is between it and zero is filled.
function drawPower(chart, x, y) {
  let run = [];
  const runs = [run];
  curve.values.forEach((value, at) => {
    if (value !== null) run.push([x(at + 0.5), value]);
    else if (run.length > 0) runs.push((run = []));
  });
  for (const points of runs.filter((each) => each.length > 0)) {
    for (const [kind, cut] of [["area", (value) => Math.max(0, value)], ["negative", (value) => Math.min(0, value)]]) {
      const edge = points.map(([at, value]) => `${at.toFixed(1)},${y(cut(value)).toFixed(1)}`).join("L");
      const last = points[points.length - 1][0], zero = y(0).toFixed(1);
      draw("path", chart, { class: kind, d: `M${points[0][0].toFixed(1)},${zero}L${edge}L${last.toFixed(1)},${zero}Z` });
    }
    const line = points.map(([at, value]) => `${at.toFixed(1)},${y(value).toFixed(1)}`).join("L");
    draw("path", chart, { class: "line", d: `M${line}${points.length === 1 ? "h2" : ""}` });
  }
}

function showCurve(part) {
  curve = part;
  show("curve", part.values.some((value) => value !== null));
  text(byId("curve-summary"), part.summary);
  const periods = [...new Map(part.bands.map((band) => [band.text, band])).values()];
  const legend = byId("legend");
  list(legend, periods, (parent) => {
    const item = make("li", parent);
    draw("svg", item, { "aria-hidden": "true", viewBox: "0 0 32 18" });
    item.append(document.createTextNode(""));
    return item;
  }, (item, band) => {
    item.firstChild.replaceChildren();
    drawBand(item.firstChild, band, { x: 0, y: 0, width: 32, height: 18 });
    item.lastChild.data = band.text;
  });
  drawCurve();
}

// ---- The stream ----

const PARTS = { now: showNow, rows: showRows, curve: showCurve };
let source = null;
let watchdog = 0;
let again = 0;
let cutAt = "";

// How the connection is: "live", "cut" or neither, and what the pill in the corner says of it. It is announced, so
// that it changes with the state alone.
function turn(state) {
  root.classList.toggle("live", state === "live");
  root.classList.toggle("cut", state === "cut");
  showStream();
}

function showStream() {
  const { live, cut: lost, connecting, silent } = byId("stream").dataset;
  const is = (name) => root.classList.contains(name);
  const said = is("cut") ? `${lost} ${cutAt}` : is("live") ? (is("silent") ? silent : live) : connecting;
  text(byId("stream-text"), said);
}

function cut() {
  source?.close();
  clearTimeout(watchdog);
  clearTimeout(again);
  if (!root.classList.contains("cut")) {
    cutAt = new Date().toLocaleTimeString(root.lang);
    turn("cut");
  }
  again = setTimeout(open, AGAIN);
}

function alive() {
  clearTimeout(watchdog);
  watchdog = setTimeout(cut, SILENCE);
  if (!root.classList.contains("live")) turn("live");
}

function open() {
  source?.close();
  clearTimeout(watchdog);
  source = new EventSource("events");
  watchdog = setTimeout(cut, SILENCE);
  source.addEventListener("error", cut);
  source.addEventListener("alive", alive);
  for (const [name, part] of Object.entries(PARTS)) {
    source.addEventListener(name, (event) => {
      alive();
      part(JSON.parse(event.data));
    });
  }
}

new ResizeObserver(drawCurve).observe(byId("chart"));
// A page that nobody sees asks for nothing, which spares a phone, and one of the six connections of a browser.
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) {
    clearTimeout(again);
    open();
    return;
  }
  source?.close();
  clearTimeout(watchdog);
  clearTimeout(again);
  if (root.classList.contains("live")) turn("connecting");
});
open();
