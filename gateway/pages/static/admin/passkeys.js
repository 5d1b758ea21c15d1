/** Passkeys of people who work here: to sign in by, and to add. Source: W3C, Web Authentication Level 3. */

import { Problem, ask } from "../api.js";

const API = "/admin/api";
const credentials = /** @type {any} */ (globalThis.PublicKeyCredential);
const canUse = Boolean(credentials?.parseRequestOptionsFromJSON);

/** @param {HTMLElement} button @param {() => Promise<string>} step Gives where to go on. */
function offer(button, step) {
  button.hidden = !canUse;
  button.addEventListener("click", async () => {
    const told = document.getElementById("passkey-told");
    if (told) told.textContent = "";
    try {
      location.assign(await step());
    } catch (error) {
      if (told) told.textContent = error instanceof Problem && error.status ? error.title : (button.dataset.failed ?? "");
    }
  });
}

async function signIn() {
  const { options } = await ask("POST", `${API}/sessions/passkey/options`);
  const shown = /** @type {any} */ (await navigator.credentials.get({ publicKey: credentials.parseRequestOptionsFromJSON(options) }));
  await ask("POST", `${API}/sessions/passkey`, { body: { answer: shown.toJSON() } });
  const next = document.querySelector('input[name="next"]');
  return next instanceof HTMLInputElement && next.value.startsWith("/") ? next.value : "/admin";
}

async function add() {
  const { options } = await ask("POST", `${API}/me/passkeys/options`);
  const made = /** @type {any} */ (await navigator.credentials.create({ publicKey: credentials.parseCreationOptionsFromJSON(options) }));
  const label = document.getElementById("passkey-label");
  const name = label instanceof HTMLInputElement && label.value ? label.value : navigator.platform || "passkey";
  const { recovery_codes } = await ask("POST", `${API}/me/passkeys`, { body: { answer: made.toJSON(), label: name } });
  const list = document.getElementById("passkey-codes");
  if (recovery_codes.length && list) {
    list.replaceChildren(...recovery_codes.map((/** @type {string} */ code) => Object.assign(document.createElement("li"), { textContent: code })));
    list.closest("section")?.removeAttribute("hidden");
    return "#passkey-codes";
  }
  return "/admin/account";
}

for (const button of document.querySelectorAll("[data-passkey]")) {
  if (button instanceof HTMLElement) offer(button, button.dataset.passkey === "add" ? add : signIn);
}
