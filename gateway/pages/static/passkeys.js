/** Passkeys of customers: signing in by one, and adding one. Where a browser has none the buttons stay hidden. */

import { Problem, ask } from "./api.js";
import { say, words } from "./words.js";

const Credential = /** @type {any} */ (globalThis).PublicKeyCredential;

/** @type {Record<string, (place: HTMLElement) => Promise<void>>} */
const WAYS = {
  "sign-in": async (place) => {
    const options = await ask("POST", "/sessions/passkey/options");
    const publicKey = Credential.parseRequestOptionsFromJSON(options);
    const answer = /** @type {any} */ (await navigator.credentials.get({ publicKey }));
    await ask("POST", "/sessions/passkey", { body: { answer: answer.toJSON() } });
    location.assign(place.dataset.next ?? "/account");
  },
  add: async () => {
    const options = await ask("POST", "/me/passkeys/options");
    const publicKey = Credential.parseCreationOptionsFromJSON(options);
    const answer = /** @type {any} */ (await navigator.credentials.create({ publicKey }));
    await ask("POST", "/me/passkeys", { body: { answer: answer.toJSON(), label: navigator.platform.slice(0, 40) } });
    location.reload();
  },
};

for (const place of document.querySelectorAll("[data-passkey]")) {
  if (!(place instanceof HTMLElement) || !Credential?.parseRequestOptionsFromJSON) continue;
  place.hidden = false;
  place.querySelector("button")?.addEventListener("click", () => attempt(place));
}

/** @param {HTMLElement} place */
async function attempt(place) {
  try {
    await WAYS[place.dataset.passkey ?? ""](place);
  } catch (error) {
    if (error instanceof Problem && error.code === "fresh_login_required") {
      location.assign(`/account/sign-in?next=${encodeURIComponent(location.pathname)}&again=1`);
    } else if (error instanceof Problem) say(error.title, "bad");
    else if (!(error instanceof DOMException)) say(words("unreachable"), "bad"); // A dialog that was closed says nothing.
  }
}
