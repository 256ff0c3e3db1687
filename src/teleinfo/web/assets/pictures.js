// The history: pictures of power and energy, past alerts, the season of Tempo. Times are those of France.

import { showContract } from "./contract.js";
import { byId, list, make, number, show, terms, text } from "./nodes.js";

const SVG = "http://www.w3.org/2000/svg";
const SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR;
const AGAIN = MINUTE; // after a failure, unless the server names a time
const PAUSE = 10 * MINUTE; // the most between two states of a tariff period that goes on
const STEPS = 5; // the most lines above or below zero
const LETTER = 6.6; // width
const MARGIN = { left: 46, right: 10, top: 24, bottom: 22 };
const COLOURS = { red: 22, white: 43 }; // days of each colour in a season of Tempo; the rest are blue

const language = document.documentElement.lang;
const words = byId("picture-words").dataset;
const clock = atMeter({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const date = atMeter({ day: "2-digit", month: "2-digit" });

let periods = {};
let alerts = {};
let limit = null;
let live = null; // the meter of the page
let meter = null; // the meter whose history is shown
let end = ""; // the last day that is shown; empty: now
let present = ""; // the day of the meter
let ahead = null; // minutes by which the clock of a meter overseas is ahead of UTC; null: it is in France

function format(parts, timeZone = "Europe/Paris") {
  const formatter = new Intl.DateTimeFormat(language === "fr" ? "fr" : "en-GB", { ...parts, timeZone });
  return (time) => formatter.format(time);
}

function atMeter(parts) {
  const inFrance = format(parts), overseas = format(parts, "UTC");
  return (time) => (ahead === null ? inFrance(time) : overseas(time + ahead * MINUTE));
}

const power = (figure) => `${number(figure)} VA`;
const energy = (figure) => `${number(figure / 1000, 2)} kWh`;

function fill(template, values) {
  return template.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

function period(code) {
  return periods[code] ?? { text: code, hours: "plain", colour: null };
}

function draw(name, parent, attributes, content) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (content !== undefined) node.textContent = content;
  parent.append(node);
  return node;
}

// ---- What a picture is made of ----

// The power at each time: `values` are net, drawn less injected; `at` is the place between 0 and 1.
function ofPowers(table, span) {
  const first = Date.parse(table.start);
  const [step, stepText] = { PT10S: [10 * SECOND, "10 s"], PT1M: [MINUTE, "1 min"], PT15M: [15 * MINUTE, "15 min"] }[table.step];
  const points = table.rows.map(([time, drawn, injected]) => {
    const begin = Date.parse(time);
    return { begin, at: (begin + step / 2 - first) / span, value: drawn - (injected ?? 0) };
  });
  const starts = table.periods.map(([begin]) => Date.parse(begin));
  const bands = table.periods.map(([, end, code], n) => {
    const last = n + 1 < starts.length && starts[n + 1] - Date.parse(end) <= PAUSE ? starts[n + 1] : Date.parse(end);
    return { first: starts[n], last, code };
  }).filter((band) => band.last > first);
  const known = points.map((point) => point.value);
  const ticks = [];
  const every = span > DAY ? HOUR : 15 * MINUTE;
  for (let time = Math.ceil(first / every) * every; time < first + span; time += every) {
    const shown = clock(time);
    if (every === HOUR && Number(shown.slice(0, 2)) % 6 !== 0) continue;
    ticks.push([(time - first) / span, every === HOUR && shown === "00:00" ? date(time) : shown]);
  }
  return {
    points, ticks, step: step / span, unit: "VA",
    bands: bands.map((band) => ({ ...band, first: (Math.max(band.first, first) - first) / span, last: (band.last - first) / span })),
    low: Math.min(0, ...known), high: Math.max(100, ...known),
    codes: bands.map((band) => band.code),
    summary: known.length === 0 ? "" : fill(words.onAverage, {
      power: number(known.reduce((sum, value) => sum + value, 0) / known.length),
      least: number(Math.min(...known)), most: number(Math.max(...known)), step: stepText,
    }),
    says: ({ begin, value, at }) => [
      span > DAY ? `${date(begin)} ${clock(begin)}` : clock(begin),
      power(value),
      ...bands.filter((band) => band.first <= begin && begin < band.last).slice(-1).map((band) => period(band.code).text),
    ],
    draws: drawPowers,
  };
}

// The keys and the names of the bars of each step, the place of a time in bars after the first one, and the bars
// that have a name below them.
const BARS = {
  P1D: {
    key: (begin, n) => dayAfter(begin, n),
    place: (begin, time) => (Date.parse(time.slice(0, 10)) - Date.parse(begin)) / DAY + time.slice(11, 13) / 24,
    name: { weekday: "short", day: "2-digit", month: "2-digit" }, short: { day: "2-digit", month: "2-digit" }, tick: (n) => n % 7 === 1,
  },
  P7D: {
    key: (begin, n) => dayAfter(begin, 7 * n),
    place: (begin, time) => (Date.parse(time.slice(0, 10)) - Date.parse(begin)) / (7 * DAY),
    name: { day: "2-digit", month: "2-digit", year: "numeric" }, short: { day: "2-digit", month: "2-digit" }, tick: (n) => n % 5 === 0,
  },
  P1M: {
    key: monthAfter,
    place: (begin, time) => 12 * (time.slice(0, 4) - begin.slice(0, 4)) + (time.slice(5, 7) - begin.slice(5, 7)) + (time.slice(8, 10) - 1) / 31,
    name: { month: "short", year: "numeric" }, short: { month: "short" }, tick: (n) => n % 3 === 0,
  },
  P1Y: {
    key: (begin, n) => String(Number(begin.slice(0, 4)) + n),
    place: (begin, time) => time.slice(0, 4) - begin.slice(0, 4) + (time.slice(5, 7) - 1) / 12,
    name: { year: "numeric" }, short: { year: "numeric" }, tick: () => true,
  },
};

const sum = (values) => values.reduce((all, value) => all + value, 0);
const euros = (cost) => (cost == null ? [] : [`${number(cost, 2)} €`]);

// The row of a table by its key, as an object.
function rowOf(table, key) {
  const found = table.rows.find(([time]) => time === key);
  return found && Object.fromEntries(found.map((cell, n) => [table.columns[n], cell]));
}

function codesOf(table) {
  return table.columns.slice(1, table.columns.indexOf("exported"));
}

// The energy of each day, week, month or year: a bar with a part for each tariff period, the injected energy below
// zero. What is known of several bars alone, a gap, is a block as high as its mean.
function ofEnergies(table, count) {
  const codes = codesOf(table), begin = table.start.slice(0, 10), bars = BARS[table.step];
  const name = format(bars.name, "UTC"), short = format(bars.short, "UTC");
  const gaps = table.gaps.map(([since, until, energies, cost]) => {
    const first = bars.place(begin, since), last = bars.place(begin, until);
    const drawn = sum(Object.entries(energies).map(([code, value]) => (code === "exported" ? 0 : value)));
    const says = fill(words.gap, { energy: energy(drawn), first: `${name(Date.parse(since))} ${clock(Date.parse(since))}`, last: `${name(Date.parse(until))} ${clock(Date.parse(until))}` });
    return { first, last, drawn, injected: energies.exported ?? 0, cost, says, mean: drawn / Math.max(1, last - first) };
  });
  const points = Array.from({ length: count }, (_, n) => {
    const key = bars.key(begin, n), row = rowOf(table, key);
    const parts = row === undefined ? [] : codes.map((code) => [code, row[code] ?? 0]).filter(([, value]) => value !== 0);
    const gap = gaps.find((each) => each.first < n + 1 && each.last > n);
    return { key, row, parts, gap, at: (n + 0.5) / count, value: sum(parts.map(([, value]) => value)) };
  });
  const inside = gaps.filter((gap) => gap.first >= 0);
  const all = sum(points.map((point) => point.value)) + sum(inside.map((gap) => gap.drawn));
  const injected = points.map((point) => point.row?.exported ?? 0);
  const costs = [...points.filter((point) => point.row !== undefined).map((point) => point.row.cost), ...inside.map((gap) => gap.cost)];
  const back = sum(injected) + sum(inside.map((gap) => gap.injected));
  return {
    points, gaps, step: 1 / count, unit: "kWh", bands: [],
    ticks: points.filter((_, n) => bars.tick(n)).map((point) => [point.at, short(Date.parse(point.key))]),
    low: -Math.max(0, ...injected), high: Math.max(100, ...points.map((point) => point.value), ...gaps.map((gap) => gap.mean)),
    codes: codes.filter((code) => points.some((point) => point.parts.some(([each]) => each === code))),
    summary: table.rows.length + gaps.length === 0 ? "" : [
      fill(words.inAll, { energy: energy(all) }),
      ...(back > 0 ? [`${words.injected} ${energy(back)}`] : []),
      ...(costs.includes(null) ? [] : euros(sum(costs))),
    ].join(" · "),
    says: ({ key, row, gap, value }) => [
      name(Date.parse(key)),
      ...(row === undefined ? (gap ? [] : [words.nothing]) : [
        row.complete === false ? fill(words.incomplete, { value: energy(value) }) : energy(value),
        ...euros(row.cost),
        ...(row.exported ? [`${words.injected} ${energy(row.exported)}`] : []),
      ]),
      ...(gap ? [gap.says] : []),
    ],
    draws: drawBars,
  };
}

function dayAfter(begin, days) {
  return new Date(Date.parse(begin) + days * DAY).toISOString().slice(0, 10);
}

function monthAfter(begin, months) {
  const [year, month] = begin.split("-").map(Number);
  return new Date(Date.UTC(year, month - 1 + months, 1)).toISOString().slice(0, 7);
}

// ---- Drawing ----

// The lines of the axis: equal round steps through zero, which hold the picture.
function axis(low, high) {
  const least = (high - low) / STEPS, size = 10 ** Math.floor(Math.log10(least));
  const step = size * [1, 2, 2.5, 5, 10].find((digit) => digit * size >= least);
  const lines = [];
  for (let line = Math.floor(low / step); line <= Math.ceil(high / step); line += 1) lines.push(line * step);
  return lines;
}

function hatch(parent, id) {
  const pattern = draw("pattern", draw("defs", parent, {}), {
    id, width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)",
  });
  draw("line", pattern, { x1: 0, y1: 0, x2: 0, y2: 6, class: "hatch-line" });
}

// A rectangle in the style of a tariff period: its colour, and hatches for off-peak hours.
function shade(parent, kind, code, box, nth = 0) {
  const { hours, colour } = period(code);
  const rect = draw("rect", parent, { ...box, class: `${kind}-${colour ?? hours}` });
  if (nth > 0) rect.setAttribute("opacity", Math.max(0.3, 1 - 0.35 * nth));
  else if (kind === "bar" && hours === "low" && colour !== null) rect.classList.add("pale");
  if (hours === "low") draw("rect", parent, { ...box, fill: "url(#hatch)" });
}

// The number of earlier codes with the same style, by code.
function repeats(codes) {
  const counts = {};
  return Object.fromEntries([...new Set(codes)].map((code) => {
    const { hours, colour } = period(code), style = `${colour} ${hours}`;
    counts[style] = (counts[style] ?? -1) + 1;
    return [code, counts[style]];
  }));
}

function drawPowers(chart, data, x, y) {
  let run = [];
  const runs = [run];
  data.points.forEach((point, n) => {
    if (n > 0 && point.at - data.points[n - 1].at > 1.5 * data.step) runs.push((run = []));
    run.push([x(point.at).toFixed(1), point.value]);
  });
  const zero = y(0).toFixed(1);
  for (const points of runs.filter((each) => each.length > 0)) {
    const first = points[0][0], last = points.at(-1)[0];
    for (const [kind, cut] of [["area", (value) => Math.max(0, value)], ["negative", (value) => Math.min(0, value)]]) {
      const edge = points.map(([at, value]) => `${at},${y(cut(value)).toFixed(1)}`).join("L");
      draw("path", chart, { class: kind, d: `M${first},${zero}L${edge}L${last},${zero}Z` });
    }
    const line = points.map(([at, value]) => `${at},${y(value).toFixed(1)}`).join("L");
    draw("path", chart, { class: "line", d: `M${line}${points.length === 1 ? "h2" : ""}` });
  }
}

function drawBars(chart, data, x, y) {
  const width = (x(data.step) - x(0)) * 0.8, nth = repeats(data.codes);
  for (const gap of data.gaps) {
    const left = x(Math.max(0, gap.first * data.step)), right = Math.max(left + 2, x(Math.min(1, gap.last * data.step)));
    const box = { x: left, width: right - left, y: y(gap.mean), height: Math.max(2, y(0) - y(gap.mean)) };
    draw("rect", chart, { ...box, class: "bar-gap" });
    draw("rect", chart, { ...box, fill: "url(#hatch)" });
    const label = [energy(gap.drawn), number(gap.drawn / 1000)].find((each) => each.length * LETTER < box.width);
    if (label !== undefined) draw("text", chart, { x: (left + right) / 2, y: box.y - 5, "text-anchor": "middle", class: "gap-text" }, label);
  }
  for (const point of data.points) {
    let under = 0;
    const left = x(point.at) - width / 2;
    for (const [code, value] of point.parts) {
      const box = { x: left, width, y: y(under + value), height: Math.max(0, y(under) - y(under + value)) };
      shade(chart, "bar", code, box, nth[code]);
      under += value;
    }
    const injected = point.row?.exported ?? 0;
    if (injected > 0) draw("rect", chart, { class: "bar-injected", x: left, width, y: y(0), height: y(-injected) - y(0) });
  }
}

class Picture {
  constructor(name, read, least = 1) {
    this.read = read;
    this.least = least;
    this.section = byId(name);
    this.data = null;
    this.selected = null;
    this.link = make("a", this.section, "csv");
    this.link.textContent = "CSV";
    this.link.download = "";
    this.plot = make("div", this.section, "plot");
    this.plot.tabIndex = 0;
    for (const [key, value] of [["role", "slider"], ["aria-labelledby", `${name}-title`], ["aria-valuemin", 0]]) this.plot.setAttribute(key, value);
    this.chart = draw("svg", this.plot, { "aria-hidden": "true" });
    this.readout = make("p", this.section, "readout");
    this.legend = make("ul", this.section, "legend");
    this.plot.addEventListener("pointermove", (event) => this.point(event));
    this.plot.addEventListener("pointerdown", (event) => this.point(event));
    this.plot.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && this.select(null));
    this.plot.addEventListener("blur", () => this.select(null));
    this.plot.addEventListener("keydown", (event) => this.press(event));
    new ResizeObserver(() => this.draw()).observe(this.plot);
  }

  show(name, table) {
    const at = this.selected === null ? null : this.data.points[this.selected]?.at;
    this.data = this.read(table);
    this.link.href = address(name, "csv");
    this.link.setAttribute("aria-label", `${byId(`${name}-title`).textContent}, CSV`);
    this.section.hidden = table.rows.length + (table.gaps ?? []).length < this.least;
    this.selected = null;
    const codes = (this.codes = [...new Set(this.data.codes)]);
    const kind = this.data.draws === drawBars ? "bar" : "band", nth = repeats(codes);
    list(this.legend, codes.length > 1 ? codes : [], (parent) => {
      const item = make("li", parent);
      draw("svg", item, { "aria-hidden": "true", viewBox: "0 0 32 18" });
      item.append(document.createTextNode(""));
      return item;
    }, (item, code) => {
      item.firstChild.replaceChildren();
      shade(item.firstChild, kind, code, { x: 0, y: 0, width: 32, height: 18 }, kind === "bar" ? nth[code] : 0);
    });
    this.draw();
    this.select(at === null ? null : this.nearest(at));
  }

  x(at) {
    return MARGIN.left + at * (this.width - MARGIN.left - MARGIN.right);
  }

  draw() {
    const { width, height } = this.plot.getBoundingClientRect();
    const { data, chart } = this;
    if (data === null || width === 0) return;
    this.width = width;
    chart.replaceChildren();
    chart.setAttribute("viewBox", `0 0 ${width} ${height}`);
    hatch(chart, "hatch");
    const lines = axis(data.low, data.high);
    const low = lines[0], high = lines.at(-1), bottom = height - MARGIN.bottom;
    const x = (at) => this.x(at);
    const y = (value) => MARGIN.top + ((high - value) / (high - low)) * (bottom - MARGIN.top);
    this.y = y;
    for (const band of data.bands) {
      const box = { x: x(band.first), y: MARGIN.top, width: Math.max(0, x(band.last) - x(band.first)), height: bottom - MARGIN.top };
      shade(chart, "band", band.code, box);
      const { text: name } = period(band.code);
      if (name.length * LETTER < box.width && data.step < 1 / 300 && data.bands.length < 5) draw("text", chart, { x: box.x + 4, y: MARGIN.top - 8 }, name);
    }
    const scale = data.unit === "VA" ? 1 : 1000;
    const between = (lines[1] - lines[0]) / scale;
    const digits = [0, 1, 2].find((count) => Math.abs(between * 10 ** count - Math.round(between * 10 ** count)) < 1e-6) ?? 3;
    for (const line of lines) {
      draw("line", chart, { x1: MARGIN.left, x2: width - MARGIN.right, y1: y(line), y2: y(line), class: line === 0 ? "zero" : "grid" });
      draw("text", chart, { x: MARGIN.left - 6, y: y(line) + 4, "text-anchor": "end" }, number(line / scale, digits));
    }
    draw("text", chart, { x: MARGIN.left - 6, y: MARGIN.top - 12, "text-anchor": "end" }, data.unit);
    let free = MARGIN.left - 6;
    for (const [at, label] of data.ticks) {
      const half = (label.length * LETTER) / 2;
      if (x(at) - half < free || x(at) + half > width) continue;
      free = x(at) + half + 10;
      draw("line", chart, { x1: x(at), x2: x(at), y1: bottom, y2: bottom + 4, class: "zero" });
      draw("text", chart, { x: x(at), y: height - 5, "text-anchor": "middle" }, label);
    }
    data.draws(chart, data, x, y);
    if (data.unit === "VA" && limit !== null && limit <= high) {
      draw("line", chart, { x1: MARGIN.left, x2: width - MARGIN.right, y1: y(limit), y2: y(limit), class: "limit" });
      draw("text", chart, { x: MARGIN.left + 4, y: y(limit) + (y(limit) < MARGIN.top + 16 ? 14 : -5), class: "limit-text" }, fill(words.subscribed, { power: number(limit) }));
    }
    this.cursor = draw("g", chart, {});
    this.plot.setAttribute("aria-valuemax", Math.max(0, data.points.length - 1));
    this.select(this.selected);
  }

  nearest(at) {
    const { points } = this.data;
    return points.reduce((best, point, n) => Math.abs(point.at - at) < Math.abs(points[best].at - at) ? n : best, 0);
  }

  point(event) {
    if (this.data === null || this.data.points.length === 0) return;
    const place = event.clientX - this.plot.getBoundingClientRect().left;
    this.select(this.nearest((place - MARGIN.left) / (this.width - MARGIN.left - MARGIN.right)));
  }

  press(event) {
    if (this.data === null) return;
    const last = this.data.points.length - 1, now = this.selected ?? last + 1;
    const to = {
      ArrowLeft: now - 1, ArrowDown: now - 1, ArrowRight: now + 1, ArrowUp: now + 1,
      PageDown: now - 10, PageUp: now + 10, Home: 0, End: last, Escape: null,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    this.select(to === null ? null : Math.max(0, Math.min(last, to)));
  }

  // Mark a point, and say its values; without one, say what the picture as a whole has.
  select(index) {
    const { data } = this;
    if (data === null || this.cursor === undefined) return;
    const point = index === null ? undefined : data.points[index];
    this.selected = point === undefined ? null : index;
    this.cursor.replaceChildren();
    text(this.readout, point === undefined ? data.summary : data.says(point).join(" · "));
    this.plot.setAttribute("aria-valuenow", index ?? Math.max(0, data.points.length - 1));
    const parts = this.codes.length > 1 ? (point?.parts ?? []).map(([code, part]) => [code, `${period(code).text} ${energy(part)}`]) : [];
    const named = Object.fromEntries(parts);
    [...this.legend.children].forEach((item, n) => (item.lastChild.data = named[this.codes[n]] ?? period(this.codes[n]).text));
    this.plot.setAttribute("aria-valuetext", [this.readout.textContent, ...parts.map(([, part]) => part)].join(" · "));
    if (point === undefined) return;
    const at = this.x(point.at), bottom = this.chart.viewBox.baseVal.height - MARGIN.bottom;
    draw("line", this.cursor, { x1: at, x2: at, y1: MARGIN.top, y2: bottom, class: "cursor" });
    draw("circle", this.cursor, { cx: at, cy: this.y(point.value), r: 4, class: "cursor-mark" });
  }
}

// ---- What comes from the server ----

function showPast({ rows }) {
  const known = rows.filter(([code]) => alerts[code] !== undefined).reverse().slice(0, 8);
  const moment = (time) => (time === null ? byId("past-rows").dataset.lasts : `${time.slice(8, 10)}/${time.slice(5, 7)} ${time.slice(11, 16)}`);
  show("past", known.length > 0);
  list(byId("past-rows"), known, (parent) => {
    const row = make("tr", parent);
    make("th", row).scope = "row";
    make("td", row);
    make("td", row);
    return row;
  }, (row, [code, begin, end]) => [alerts[code], moment(begin), moment(end)].forEach((cell, at) => text(row.children[at], cell)));
}

function showSeason(used) {
  show("season", used.blue !== undefined);
  if (used.blue === undefined) return;
  const today = new Date(), year = today.getUTCFullYear() - (today.getUTCMonth() < 8 ? 1 : 0);
  const days = (Date.UTC(year + 1, 8, 1) - Date.UTC(year, 8, 1)) / DAY;
  const all = { ...COLOURS, blue: days - COLOURS.red - COLOURS.white };
  const left = Object.fromEntries(Object.entries(all).map(([colour, count]) => [colour, Math.max(0, count - used[colour])]));
  text(byId("season"), fill(byId("season").dataset.text, left));
}

// Today beside yesterday, and the months: the card of the meter of the page, from its history.
function showTotals({ days, months }) {
  const card = byId("days").dataset, today = dayAfter(days.start.slice(0, 10), 1);
  const columns = [rowOf(days, today), rowOf(days, days.start.slice(0, 10))];
  const spans = [[card.month, monthAfter(months.start.slice(0, 7), 1)], [card.lastMonth, months.start.slice(0, 7)]]
    .map(([name, key]) => [name, rowOf(months, key)]).filter(([, row]) => row !== undefined);
  show("days", columns.some(Boolean) || spans.length > 0);
  const marked = (row, value) => (row?.complete === false ? fill(words.incomplete, { value }) : value);
  const total = (table, row) => sum(codesOf(table).map((code) => row[code] ?? 0));
  const line = (name, value) => [name, ...columns.map((row) => (row === undefined ? "–" : value(row)))];
  const cost = (row) => euros(row.cost)[0] ?? "–";
  const subscriptionOf = (row) => (row?.cost ? fill(card.subscription, { cost: euros(row.subscription)[0] }) : "");
  const used = codesOf(days).filter((code) => columns.some((row) => row?.[code]));
  const rows = [
    ...(codesOf(days).length > 1 ? used.map((code) => line(period(code).text, (row) => energy(row[code] ?? 0))) : []),
    line(card.total, (row) => energy(total(days, row))),
    ...(columns.some((row) => row?.exported) ? [line(card.injected, (row) => energy(row.exported ?? 0))] : []),
    ...(columns.some((row) => row?.cost != null) ? [line(card.cost, cost)] : []),
  ];
  text(byId("days-energy"), columns[0] === undefined ? "–" : energy(total(days, columns[0])));
  text(byId("days-cost"), euros(columns[0]?.cost)[0] ?? "");
  text(byId("days-subscription"), subscriptionOf(columns[0]));
  const titles = document.querySelectorAll("#days thead th");
  [card.today, card.yesterday].forEach((name, at) => text(titles[at + 1], marked(columns[at], name)));
  list(byId("days-rows"), rows, (parent) => {
    const row = make("tr", parent);
    make("th", row).scope = "row";
    columns.forEach(() => make("td", row));
    return row;
  }, (row, cells) => cells.forEach((cell, at) => text(row.children[at], cell)));
  terms(byId("months"), spans.map(([name, row]) => {
    const sums = [marked(row, energy(total(months, row))), ...euros(row.cost)].join(" · ");
    return [name, [sums, subscriptionOf(row)].filter(Boolean).join("\n")];
  }));
}

const PICTURES = {
  hour: new Picture("hour", (table) => ofPowers(table, HOUR)),
  days2: new Picture("days2", (table) => ofPowers(table, 2 * DAY)),
  days30: new Picture("days30", (table) => ofEnergies(table, 30)),
  months13: new Picture("months13", (table) => ofEnergies(table, 13)),
  weeks26: new Picture("weeks26", (table) => ofEnergies(table, 26), 2),
  years10: new Picture("years10", (table) => ofEnergies(table, 10), 2),
};
const EVERY = {
  totals: 20 * SECOND, hour: 10 * SECOND, season: 10 * MINUTE, days2: MINUTE, days30: MINUTE, months13: 5 * MINUTE,
  weeks26: 5 * MINUTE, years10: 5 * MINUTE, alerts: MINUTE, contract: HOUR,
};
const due = {};
let loading = false;

function address(name, form) {
  const query = new URLSearchParams(location.search);
  if (end !== "" && name in PICTURES) query.set("end", end);
  const asked = query.toString();
  return `history/${encodeURIComponent(name === "totals" ? live : meter)}/${name}.${form}${asked && `?${asked}`}`;
}

async function load(name) {
  const at = address(name, "json"), response = await fetch(at);
  if (!response.ok) {
    const seconds = Number(response.headers.get("Retry-After")); // too many others wait
    throw Object.assign(new Error(response.statusText), { pause: seconds * SECOND || AGAIN });
  }
  const table = await response.json();
  if (at !== address(name, "json")) throw new Error("another one was chosen");
  if (name === "alerts") showPast(table);
  else if (name === "contract") showContract(table);
  else if (name === "season") showSeason(table);
  else if (name === "totals") showTotals(table);
  else PICTURES[name].show(name, table);
}

// Load what is due, one after the other. What cannot be had stays as it is, and is tried again later.
async function loadDue() {
  if (meter === null || loading || document.hidden) return;
  loading = true;
  for (const [name, every] of Object.entries(EVERY)) {
    if (Date.now() < due[name]) continue;
    const chosen = meter + end;
    try {
      await load(name);
      due[name] = Date.now() + every;
    } catch (error) {
      due[name] = chosen === meter + end ? Date.now() + (error.pause ?? AGAIN) : 0;
    }
  }
  loading = false;
  if (Object.values(due).includes(0)) loadDue(); // another meter or day was chosen meanwhile
  const empty = Object.values(PICTURES).every((picture) => picture.section.hidden);
  text(byId("history-empty"), empty && end !== "" ? byId("history-empty").dataset.text : "");
}

export function showWords(part) {
  ({ periods, alerts } = part);
}

// ---- Another meter, and the time before ----

// Show the history of a meter until a day, or until now.
function choose(chosen, day) {
  if (chosen === meter && day === end) return;
  for (const name of Object.keys(EVERY)) due[name] = 0;
  meter = chosen;
  end = day;
  byId("history-end").value = end;
  byId("history-later").disabled = byId("history-now").disabled = end === "";
  loadDue();
}

// Move the end by some steps: by days, or by months and years, in which a day that is missing is the last one.
function move(steps) {
  const step = byId("history-step").value, from = end || present;
  const months = { m: 1, y: 12 }[step];
  const month = monthAfter(from.slice(0, 7), steps * (months ?? 0)), last = dayAfter(`${monthAfter(month, 1)}-01`, -1);
  const day = months === undefined ? dayAfter(from, steps * Number(step)) : [`${month}-${from.slice(8)}`, last].sort()[0];
  choose(meter, day >= present ? "" : day);
}

byId("history-earlier").addEventListener("click", () => move(-1));
byId("history-later").addEventListener("click", () => move(1));
byId("history-now").addEventListener("click", () => choose(meter, ""));
byId("history-end").addEventListener("change", (event) => choose(meter, event.target.value >= present ? "" : event.target.value));
byId("history-meter").addEventListener("change", (event) => choose(event.target.value, end));
byId("history").addEventListener("submit", (event) => event.preventDefault());

setInterval(loadDue, 5 * SECOND); // the history goes on although nothing new comes of a silent meter

// Keep the history of the meter `id` up to date; `most` is the subscribed power, `meters` are those
// of the history, `today` is the day of the meter, `minutesAhead` of UTC is its clock, null in France.
export function showHistory(id, most, meters, today, minutesAhead) {
  present = today;
  ahead = minutesAhead;
  const others = meters.some(([name]) => name === id) || id === null ? meters : [[id, ""], ...meters];
  show("history", id !== null);
  show("history-meters", others.length > 1);
  list(byId("history-meter"), others, (parent) => make("option", parent), (option, [name, days]) => {
    option.value = name;
    text(option, days === "" ? name : `${name} (${days})`);
  });
  limit = most ?? null;
  if (id === live) {
    loadDue();
    return;
  }
  live = id;
  choose(id, end);
  byId("history-meter").value = id ?? "";
}
