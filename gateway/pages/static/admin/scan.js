/**
 * Scanning on a round: a keyboard scanner types into the field and ends with Enter; a camera reads where the browser
 * can. Each code counts one unit of its article. A list of which all is taken is reported at once; what was counted
 * is kept until then, so that a reload loses nothing.
 */

import { replace } from "../swap.js";
import { setText, words } from "../words.js";

/** @typedef {{detect: (source: CanvasImageSource) => Promise<{rawValue: string}[]>}} Detector */

const FORMATS = ["code_128", "ean_13", "ean_8", "upc_a", "upc_e", "code_39", "itf", "qr_code"];
const LOOK_MS = 120; // Between two looks of the camera.
const SAME_MS = 1_500; // A code that stays in sight counts once.

/** @type {Record<string, number>} Counted units by SKU. */
const counted = JSON.parse(sessionStorage.getItem("round") ?? "{}");
/** @type {Set<string>} Lists that are being reported. */
const reporting = new Set();
/** @type {AudioContext | undefined} */
let audio;

const field = /** @type {HTMLInputElement | null} */ (document.getElementById("code"));

function begin() {
  const form = document.getElementById("scan");
  if (!(form instanceof HTMLFormElement) || !field) return forget();
  form.hidden = false;
  for (const each of document.querySelectorAll("[data-one], .stop .done")) /** @type {HTMLElement} */ (each).hidden = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    count(field.value.trim());
    field.value = "";
  });
  // A scanner types wherever the focus is: it stays here, unless somebody is at another control.
  field.focus({ preventScroll: true });
  addEventListener("keydown", (event) => {
    if (event.target === document.body && event.key.length === 1 && !event.ctrlKey && !event.metaKey) field.focus({ preventScroll: true });
  });
  document.getElementById("scan-keys")?.addEventListener("click", showKeys);
  if ("BarcodeDetector" in globalThis) setUpCamera();
  for (const stop of stops()) draw(stop);
}

/** Nothing counted is left for another round. */
function forget() {
  sessionStorage.removeItem("round");
}

/** @returns {HTMLElement[]} */
const stops = () => [...document.querySelectorAll(".stop")].map((each) => /** @type {HTMLElement} */ (each));
/** @param {HTMLElement} stop */
const units = (stop) => Number(stop.dataset.units);
/** @param {HTMLElement} stop */
const done = (stop) => Math.min(counted[stop.dataset.sku ?? ""] ?? 0, units(stop));

/** Count one unit. @param {string} code */
function count(code) {
  if (!code) return;
  const wanted = code.toLowerCase();
  const stop = stops().find((each) => (each.dataset.codes ?? "").toLowerCase().split(" ").includes(wanted));
  const title = stop?.dataset.title ?? "";
  if (!stop) return tell("wrong", words("scan_wrong", { code }));
  if (done(stop) >= units(stop)) return tell("wrong", words("scan_enough", { title }));
  counted[stop.dataset.sku ?? ""] = done(stop) + 1;
  sessionStorage.setItem("round", JSON.stringify(counted));
  draw(stop);
  stop.scrollIntoView({ block: "nearest", behavior: "auto" });
  tell("right", words("scan_right", { title, done: done(stop), units: units(stop) }));
  void report();
}

/** @param {HTMLElement} stop */
function draw(stop) {
  const shown = stop.querySelector(".done");
  if (shown) setText(shown, String(done(stop)));
  const isFull = done(stop) >= units(stop);
  stop.dataset.state = isFull ? "full" : "";
  const one = stop.querySelector("[data-one]");
  if (one instanceof HTMLButtonElement) one.disabled = isFull;
}

/** Report each list of which all units are there: the oldest first, since it gets the first units. */
async function report() {
  const left = Object.fromEntries(stops().map((stop) => [stop.dataset.sku, done(stop)]));
  for (const form of document.querySelectorAll("form[data-picked]")) {
    const id = /** @type {HTMLElement} */ (form).dataset.picked ?? "";
    const needs = stops().flatMap((stop) => wanted(stop, id));
    if (!needs.every(([sku, wants]) => left[sku] >= wants)) return;
    for (const [sku, wants] of needs) left[sku] -= wants;
    if (!reporting.has(id)) await send(/** @type {HTMLFormElement} */ (form), id, needs);
  }
}

/** @param {HTMLElement} stop @param {string} id @returns {[string, number][]} */
function wanted(stop, id) {
  const pairs = (stop.dataset.lists ?? "").trim().split(" ").map((pair) => pair.split(":"));
  return pairs.filter(([list]) => list === id).map(([, units]) => [stop.dataset.sku ?? "", Number(units)]);
}

/** @param {HTMLFormElement} form @param {string} id @param {[string, number][]} taken */
async function send(form, id, taken) {
  reporting.add(id);
  try {
    const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(), headers: { "X-Swap": "round" } });
    const html = await answer.text();
    if (!answer.ok) return location.reload(); // Taken by a colleague, called off, signed out: the page says it.
    for (const [sku, units] of taken) counted[sku] = Math.max(0, (counted[sku] ?? 0) - units);
    sessionStorage.setItem("round", JSON.stringify(counted));
    replaceParts(html);
  } catch {
    tell("wrong", words("unreachable"));
  } finally {
    reporting.delete(id);
  }
}

/** Take in the new page's parcels and stops; the scanner's field stays, with its focus. @param {string} html */
function replaceParts(html) {
  const scan = document.getElementById("scan");
  if (!replace("round", html)) return location.reload();
  const made = document.getElementById("scan");
  if (made && scan) made.replaceWith(scan);
  for (const each of document.querySelectorAll("[data-one], .stop .done")) /** @type {HTMLElement} */ (each).hidden = false;
  for (const stop of stops()) draw(stop);
  if (made) field?.focus({ preventScroll: true });
  else {
    tell("right", words("scan_all"));
    document.querySelector("main")?.querySelector(".parcel .primary")?.scrollIntoView({ block: "center" });
  }
}

/** Show, sound and buzz: right is one high tone, wrong two low ones. @param {"right" | "wrong"} kind @param {string} text */
function tell(kind, text) {
  const said = document.getElementById("said");
  if (said) {
    said.dataset.kind = kind;
    said.textContent = text;
  }
  navigator.vibrate?.(kind === "right" ? 40 : [120, 60, 120]);
  audio ??= new AudioContext();
  const tones = kind === "right" ? [880] : [220, 180];
  tones.forEach((hertz, place) => sound(hertz, place * 0.16));
}

/** @param {number} hertz @param {number} after_s */
function sound(hertz, after_s) {
  if (!audio) return;
  const [tone, volume] = [audio.createOscillator(), audio.createGain()];
  tone.frequency.value = hertz;
  volume.gain.value = 0.15;
  tone.connect(volume).connect(audio.destination);
  tone.start(audio.currentTime + after_s);
  tone.stop(audio.currentTime + after_s + 0.12);
}

/** The phone's keyboard covers half of the round, so it comes only when it is asked for. */
function showKeys() {
  const keys = document.getElementById("scan-keys");
  if (!field || !keys) return;
  const shown = keys.getAttribute("aria-pressed") !== "true";
  keys.setAttribute("aria-pressed", String(shown));
  field.inputMode = shown ? "text" : "none";
  field.blur();
  field.focus({ preventScroll: true });
}

function setUpCamera() {
  const button = document.getElementById("camera");
  const eye = /** @type {HTMLVideoElement | null} */ (document.getElementById("eye"));
  if (!button || !eye || !navigator.mediaDevices) return;
  button.hidden = false;
  button.addEventListener("click", async () => {
    if (!eye.hidden) return close(eye);
    try {
      eye.srcObject = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
      eye.hidden = false;
      await eye.play();
      void look(eye, new /** @type {any} */ (globalThis).BarcodeDetector({ formats: FORMATS }));
    } catch {
      tell("wrong", words("no_camera"));
    }
  });
}

/** @param {HTMLVideoElement} eye */
function close(eye) {
  for (const track of /** @type {MediaStream | null} */ (eye.srcObject)?.getTracks() ?? []) track.stop();
  eye.srcObject = null;
  eye.hidden = true;
}

/** @param {HTMLVideoElement} eye @param {Detector} detector */
async function look(eye, detector) {
  let [last, seen_ms] = ["", 0];
  while (!eye.hidden && eye.isConnected) {
    const found = await detector.detect(eye).catch(() => []);
    const code = found[0]?.rawValue ?? "";
    if (code && (code !== last || performance.now() - seen_ms > SAME_MS)) count(code);
    if (code) [last, seen_ms] = [code, performance.now()];
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

document.addEventListener("click", (event) => {
  const one = event.target instanceof Element ? event.target.closest("[data-one]") : null;
  if (one) count(/** @type {HTMLElement} */ (one.closest(".stop")).dataset.sku ?? "");
});

document.addEventListener("submit", (event) => {
  if (/** @type {HTMLFormElement} */ (event.target).action.endsWith("/put-aside")) forget();
});

begin();
