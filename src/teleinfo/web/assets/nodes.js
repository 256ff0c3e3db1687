// Puts texts into the page. Every text is set as text, never as markup.

export const byId = (id) => document.getElementById(id);

// Keep the digits of a number on one line, with its unit.
function solid(value) {
  return value.replace(/(\d) (?=\d{3}|€|%|±|k?VA\b|k?Wh?\b|[AV]\b|bauds?\b)|(±) (?=\d)/g, "$1$2\u00a0");
}

export function text(node, value) {
  const shown = solid(value);
  if (node.textContent !== shown) node.textContent = shown;
}

export function show(id, shown) {
  byId(id).hidden = !shown;
}

export function make(name, parent, ...classes) {
  const node = document.createElement(name);
  node.classList.add(...classes);
  parent.append(node);
  return node;
}

// Give `parent` a child for each item. Children stay where they are, so that a selection or a focus stays too.
export function list(parent, items, create, fill) {
  while (parent.children.length > items.length) parent.lastElementChild.remove();
  items.forEach((item, at) => fill(parent.children[at] ?? create(parent), item));
}

export function terms(parent, pairs) {
  const flat = pairs.flat();
  while (parent.children.length > flat.length) parent.lastElementChild.remove();
  flat.forEach((item, at) => text(parent.children[at] ?? make(at % 2 ? "dd" : "dt", parent), item));
}

// A blank between the thousands, and a typographic minus sign.
export function number(figure, digits = 0) {
  const [whole, rest] = Math.abs(figure).toFixed(digits).split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, " ");
  const sign = figure < 0 && Number(figure.toFixed(digits)) !== 0 ? "−" : "";
  return sign + grouped + (rest ? (document.documentElement.lang === "fr" ? "," : ".") + rest : "");
}
