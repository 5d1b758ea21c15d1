/**
 * The API's description as a page: /openapi.json, folded by route.
 *
 * Our own few lines, because the usual viewers are megabytes from another host, and this shop must work without one.
 */

/** @typedef {Record<string, any>} Json Any part of the description: OpenAPI's own shapes are not worth writing down. */
/** @typedef {Node | string} Content */
/** @typedef {{verb: string, path: string, what: Json}} Route */

const root = /** @type {HTMLElement} */ (document.getElementById("docs"));

/** @param {string} tag @param {Record<string, string>} attributes @param {...Content} children */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** @param {Content[]} cells */
function row(cells, tag = "td") {
  return make("tr", {}, ...cells.map((cell) => make(tag, {}, cell)));
}

/** @param {string[]} head @param {Content[][]} rows */
function table(head, rows) {
  return make("table", {}, make("thead", {}, row(head, "th")), make("tbody", {}, ...rows.map((cells) => row(cells))));
}

/** @param {string} reference @returns {string} */
const nameOf = (reference) => reference.split("/").at(-1) ?? reference;

/** A schema in a few words: `string`, `[Line]`, `integer 1..99`. @param {Json | undefined} schema @returns {string} */
function words(schema) {
  if (!schema) return "";
  if (schema.$ref) return nameOf(schema.$ref);
  if (schema.oneOf || schema.anyOf) return (schema.oneOf ?? schema.anyOf).map(words).join(" | ");
  if (schema.type === "array") return `[${words(schema.items)}]`;
  if (schema.enum) return schema.enum.map((/** @type {unknown} */ value) => JSON.stringify(value)).join(" | ");
  const bounds = "minimum" in schema || "maximum" in schema ? ` ${schema.minimum ?? ""}..${schema.maximum ?? ""}` : "";
  return `${[schema.type ?? "object"].flat().join(" | ")}${bounds}`;
}

/** @param {Json | undefined} schema @param {Json} api */
function fields(schema, api) {
  const whole = schema?.$ref ? api.components.schemas[nameOf(schema.$ref)] : schema;
  if (!whole?.properties) return make("p", {}, make("code", {}, words(schema)));
  const required = new Set(whole.required ?? []);
  const rows = Object.entries(whole.properties).map(([name, value]) => [
    make("code", {}, name),
    words(value),
    required.has(name) ? "required" : "",
  ]);
  return table(["field", "type", ""], rows);
}

/** @param {Json | undefined} part @returns {Json | undefined} Of a body or an answer. */
const jsonOf = (part) => Object.values(part?.content ?? {})[0]?.schema;

/** @param {Route} route @param {Json} api */
function operation({ verb, path, what }, api) {
  const parameters = (what.parameters ?? []).map((/** @type {Json} */ p) => [
    make("code", {}, p.name),
    p.in,
    words(p.schema),
    p.required ? "required" : "",
  ]);
  const answers = Object.entries(what.responses ?? {}).filter(([status]) => status.startsWith("2"));
  const body = jsonOf(what.requestBody);
  const refusals = Object.entries(what.responses ?? {}).flatMap(([status, answer]) =>
    (answer["x-codes"] ?? []).map((/** @type {string} */ code) => [status, make("code", {}, code)]),
  );
  return make(
    "details",
    {},
    make(
      "summary",
      {},
      make("span", { class: "verb" }, verb.toUpperCase()),
      make("span", { class: "path" }, path),
      make("span", { class: "what" }, what.summary ?? ""),
    ),
    make(
      "div",
      {},
      make("p", {}, what.description ?? ""),
      ...(parameters.length ? [make("h4", {}, "Parameters"), table(["name", "in", "type", ""], parameters)] : []),
      ...(body ? [make("h4", {}, "Body"), fields(body, api)] : []),
      ...answers.flatMap(([status, answer]) => [make("h4", {}, `Answer ${status}`), fields(jsonOf(answer), api)]),
      ...(refusals.length ? [make("h4", {}, "Refusals"), table(["status", "code"], refusals)] : []),
    ),
  );
}

/** @type {Json} */
const api = await (await fetch("/openapi.json")).json();
/** @type {Route[]} */
const routes = Object.entries(api.paths).flatMap(([path, verbs]) =>
  Object.entries(/** @type {Json} */ (verbs)).map(([verb, what]) => ({ verb, path, what })),
);
/** @param {Route} route */
const forStaff = ({ path }) => path.startsWith("/admin/");
/** @param {string} title @param {Route[]} some */
const section = (title, some) => [make("h2", {}, title), ...some.map((route) => operation(route, api))];
root.replaceChildren(
  make("h1", {}, `${api.info.title} API`),
  make("p", {}, api.info.description ?? ""),
  make("p", {}, make("a", { href: "/openapi.json" }, "openapi.json")),
  ...section("For everybody", routes.filter((route) => !forStaff(route))),
  ...section("For staff, with a bearer token", routes.filter(forStaff)),
);

export {};
