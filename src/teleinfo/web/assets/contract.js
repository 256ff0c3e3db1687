// The card of the contract: one sentence, a bar for each offer, and the table behind it.

import { byId, list, make, number, show, text } from "./nodes.js";

const PARTS = ["energy", "subscription"];
const total = (cost) => cost.energy + cost.subscription;
// What an offer may cost at most: with Tempo, days of unknown colour may be dear ones.
const atMost = (cost) => total(cost) + cost.unknown;
const euros = (figure) => `${number(figure)}\u00a0€`;
// The two ends of hours stay on one line.
const withHours = (sentence) => sentence.replace(/(\d)-(?=\d)/g, "$1\u2060–\u2060");

function noteOf(offer, { held }) {
  const { own, closed } = byId("contract-bars").dataset;
  const state = offer.id === held ? own : offer.is_open ? "" : closed;
  return [state, offer.why, offer.unsure].filter(Boolean).join(", ");
}

// The bars begin at zero; a line across them stands at the cost of the present contract.
function showBars(table) {
  const most = Math.max(1, ...table.offers.map((offer) => (offer.now === null ? 0 : total(offer.now))));
  const own = table.offers.find((offer) => offer.id === table.held)?.now;
  const bars = byId("contract-bars");
  bars.classList.toggle("compared", Boolean(own) && table.is_year);
  bars.style.setProperty("--own", `${own ? (100 * total(own)) / most : 0}%`);
  list(bars, table.offers, (parent) => {
    const item = make("li", parent);
    for (const part of ["name", "less", "total", "bar", "note"]) make("span", item, part);
    for (const part of PARTS) make("span", item.children[3], part);
    item.children[3].setAttribute("aria-hidden", "true");
    return item;
  }, (item, offer) => {
    const [name, less, cost, bar, note] = item.children;
    const difference = offer.now && own ? total(offer.now) - total(own) : 0;
    item.classList.toggle("own", offer.id === table.held);
    text(name, offer.name);
    text(note, noteOf(offer, table));
    const ends = offer.now ? [...new Set([total(offer.now), atMost(offer.now)].map(euros))] : ["–"];
    text(cost, ends.join(" – "));
    text(less, table.is_year && Math.abs(difference) >= 0.5 ? `${difference > 0 ? "+" : ""}${euros(difference)}` : "");
    less.classList.toggle("good", difference < 0);
    bar.hidden = offer.now === null;
    PARTS.forEach((part, at) => (bar.children[at].style.width = `${(100 * (offer.now?.[part] ?? 0)) / most}%`));
  });
}

// A row for each month, a column for each offer.
function showMonths({ offers }) {
  const { month, energy, subscription, sum, then } = byId("contract-rows").dataset;
  const priced = offers.filter((offer) => offer.now !== null);
  const months = priced.length ? priced[0].now.months.map(([name]) => name) : [];
  const row = (name, value) => [name, ...priced.map((offer) => number(value(offer), 2))];
  const rows = [
    ...months.map((name, at) => row(name.split("-").reverse().join("/"), ({ now }) => now.months[at][1] + now.months[at][2])),
    row(energy, (offer) => offer.now.energy),
    row(subscription, (offer) => offer.now.subscription),
    row(sum, (offer) => total(offer.now)),
    row(then, (offer) => total(offer.then)),
  ];
  show("contract-table", months.length > 0);
  list(byId("contract-columns"), [month, ...priced.map((offer) => offer.name)], (parent) => {
    const cell = make("th", parent);
    cell.scope = "col";
    return cell;
  }, text);
  list(byId("contract-rows"), rows, (parent) => make("tr", parent), (line, cells) => {
    list(line, cells, (parent) => {
      if (parent.children.length) return make("td", parent);
      const cell = make("th", parent);
      cell.scope = "row";
      return cell;
    }, text);
  });
}

// Show the card, whose sentences the server made in the language of the page.
export function showContract(table) {
  show("contract", true);
  show("contract-picture", table.energy > 0);
  show("contract-fault", table.fault !== "");
  text(byId("contract-fault"), table.fault);
  text(byId("contract-sentence"), withHours(table.sentence));
  showBars(table);
  showMonths(table);
  list(byId("contract-facts"), table.facts, (parent) => make("li", parent), (item, fact) => text(item, withHours(fact)));
}

// Print this card alone, on one sheet.
byId("contract-print").addEventListener("click", () => {
  const table = byId("contract-table"), wasOpen = table.open;
  table.open = true;
  document.body.classList.add("contract-alone");
  print();
  document.body.classList.remove("contract-alone");
  table.open = wasOpen;
});
