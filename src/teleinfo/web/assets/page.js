// Shows what the server sends. Every text is set as text, never as markup; nothing comes from elsewhere.

import { byId, list, make, show, terms, text } from "./nodes.js";
import { showHistory, showWords } from "./pictures.js";

const SILENCE = 12_000; // ms without a message, after which the stream is cut; the server sends every 4 s at least
const AGAIN = 2_000; // ms
const root = document.documentElement;
const NAME = document.querySelector("nav [aria-current='page']")?.textContent ?? "teleinfo";

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
  document.title = power === null ? NAME : `${power.figure} VA – ${NAME}`;
  if (power === null) return;
  text(byId("power-figure"), power.figure);
  text(byId("power-label"), power.label);
  text(byId("power-watts"), power.watts);
  text(byId("power-estimated"), power.estimated);
  show("limit", power.limit !== null);
  const card = byId("power");
  card.classList.toggle("injects", power.injects);
  card.classList.toggle("over", power.limit !== null && power.limit.over);
  if (power.limit !== null) {
    gauge(byId("limit-meter"), power.limit.now, power.limit.most, power.limit.text);
    text(byId("limit-text"), power.limit.text);
    text(byId("limit-left"), power.limit.left);
  }
  terms(byId("facts"), facts);
}

function showPhases(phases) {
  show("phases", phases.length > 0);
  // A meter in mode historique has no voltages, and no power of each phase.
  const titles = document.querySelectorAll("#phases thead th");
  const [, ...shown] = ["name", "power", "current", "left", "voltage"].map((name) => phases.some((phase) => phase[name]));
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
    make("td", row);
    return row;
  }, (row, phase) => {
    const [name, power, current, left, voltage] = row.children;
    const bar = current.lastElementChild;
    text(name, phase.name);
    text(power, phase.power);
    text(current.firstElementChild, phase.current);
    text(left, phase.left);
    text(voltage, phase.voltage);
    [power, current, left, voltage].forEach((cell, at) => (cell.hidden = !shown[at]));
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
  show("fault", now.fault !== "");
  text(byId("fault-text"), now.fault);
  const title = byId("power-title");
  text(title, now.age || title.dataset.now);
  last = now.stream;
  showStream();
  showAlerts(now.alerts);
  showPower(now.power, now.facts);
  showPhases(now.phases);
  showTariff(now.tariff, now.tempo);
  show("indexes", now.indexes.length > 0);
  terms(byId("indexes-rows"), now.indexes);
  showHistory(now.id, now.power?.limit?.power, now.meters, now.today, now.ahead);
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

// ---- The stream ----

const PARTS = { words: showWords, now: showNow, rows: showRows };
let source = null;
let watchdog = 0;
let again = 0;
let cutAt = "";
let last; // null while readings come, else the time of the last one in words; undefined while that is unknown

// How the connection is: "open", "cut" or neither, and what the pill in the corner says of it: "live" while readings
// come, else the time of the last one. It is announced, so that it changes with the state alone.
function turn(state) {
  root.classList.toggle("open", state === "open");
  root.classList.toggle("cut", state === "cut");
  if (state !== "open") last = undefined;
  showStream();
}

function showStream() {
  const { live, cut: lost, connecting } = byId("stream").dataset;
  root.classList.toggle("live", last === null);
  root.classList.toggle("stale", typeof last === "string");
  text(byId("stream-text"), root.classList.contains("cut") ? `${lost} ${cutAt}` : last === null ? live : last ?? connecting);
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
  if (!root.classList.contains("open")) turn("open");
}

function open() {
  source?.close();
  clearTimeout(watchdog);
  source = new EventSource(`events${location.search}`);
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
  if (root.classList.contains("open")) turn("connecting");
});
open();
