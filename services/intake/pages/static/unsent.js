"use strict";

// What could not be sent: kept by this browser under the key of its form until the server has answered, sent again by
// itself, and never sent as anything new. Over an encrypted connection it survives a restart, sealed with a key that
// only its reader's pages know; otherwise it stays in the tab, as it is.
const unsent = (() => {
  const bar = document.querySelector("#unsent");
  if (!bar) return null;
  const PREFIX = "motcua-unsent:";
  const PAUSES_MS = [1000, 2000, 5000, 10000, 30000];
  const ANSWER_MS = 20000;
  const subtle = window.crypto && window.crypto.subtle;
  const storage = subtle ? window.localStorage : window.sessionStorage;
  const said = bar.dataset;
  const list = bar.querySelector("#unsent-list");
  const under_way = new Set();
  const sent = [];
  let tries = 0, timer = 0, signedOut = false;

  const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)));
  const sealing = (async () => {
    if (!subtle || !said.seal) return null;
    const raw = bytes(said.seal);
    const name = text(await subtle.digest("SHA-256", raw)).slice(0, 12);
    return { key: await subtle.importKey("raw", raw, "AES-GCM", false, ["encrypt", "decrypt"]), name };
  })();

  async function keep(entry) {
    const kept = { at: entry.at };
    const seal = await sealing;
    if (subtle) {
      if (!seal) return;
      const iv = crypto.getRandomValues(new Uint8Array(12));
      const content = new TextEncoder().encode(JSON.stringify(entry));
      Object.assign(kept, { by: seal.name, iv: text(iv), sealed: text(await subtle.encrypt({ name: "AES-GCM", iv }, seal.key, content)) });
    } else kept.entry = entry;
    storage.setItem(PREFIX + entry.id, JSON.stringify(kept));
  }

  const forget = (id) => storage.removeItem(PREFIX + id);

  async function opened(kept) {
    if (!subtle) return kept.entry;
    const seal = await sealing;
    if (!seal || kept.by !== seal.name) return null;
    try {
      return JSON.parse(new TextDecoder().decode(await subtle.decrypt({ name: "AES-GCM", iv: bytes(kept.iv) }, seal.key, bytes(kept.sealed))));
    } catch { return null; }
  }

  async function all() {
    const names = Object.keys(storage).filter((name) => name.startsWith(PREFIX));
    const kept = names.map((name) => JSON.parse(storage.getItem(name))).sort((one, other) => one.at - other.at);
    return Promise.all(kept.map(opened));
  }

  async function send(entry) {
    let answer;
    try {
      answer = await fetch(entry.action, {
        method: "POST",
        headers: { "Content-Type": "application/x-www-form-urlencoded", "X-Counter": "1" },
        body: entry.body,
        signal: AbortSignal.timeout(ANSWER_MS),
      });
      if (answer.status === 401) { signedOut = true; return { kind: "waiting" }; }
      if (answer.status === 429 || answer.status >= 500) return { kind: "waiting" };
      const content = await answer.json();
      signedOut = false;
      if (!answer.ok) return { kind: "refused", mistakes: content.mistakes };
      return { kind: "sent", ...content };
    } catch { return { kind: "waiting" }; }
  }

  // Sends one, and says what became of it; whoever shows it meanwhile calls `settled`.
  async function deliver(entry) {
    if (under_way.has(entry.id)) return { kind: "waiting" };
    under_way.add(entry.id);
    const result = await send(entry);
    under_way.delete(entry.id);
    if (result.kind === "sent") { forget(entry.id); tries = 0; }
    if (result.kind === "refused") await keep({ ...entry, mistakes: result.mistakes });
    return result;
  }

  async function flush() {
    clearTimeout(timer);
    let waiting = false;
    for (const entry of await all()) {
      if (!entry || entry.mistakes || under_way.has(entry.id)) continue;
      const result = await deliver(entry);
      if (result.kind === "waiting") { waiting = true; break; }
      if (result.kind === "sent") {
        sent.push({ ...entry, ...result });
        document.body.dispatchEvent(new CustomEvent("counter-sent-later", { detail: { ...result, action: entry.action } }));
      }
    }
    if (waiting) timer = setTimeout(flush, PAUSES_MS[Math.min(tries++, PAUSES_MS.length - 1)]);
    await show();
  }

  const part = (tag, content, attributes = {}) => Object.assign(document.createElement(tag), { textContent: content }, attributes);

  async function show() {
    const entries = await all();
    const items = entries.map((entry) => {
      const item = part("li", entry ? entry.label : signedOut || !said.seal ? said.signedOut : said.ofOthers);
      if (entry && entry.mistakes) {
        item.append(": ", part("strong", `${said.refused}. ${Object.values(entry.mistakes).join(" ")}`), " ");
        if (entry.action === "/receive") item.append(part("button", said.mend, { type: "button", onclick: () => mend(entry) }), " ");
        item.append(part("button", said.drop, { type: "button", onclick: () => { forget(entry.id); show(); } }));
      }
      return item;
    });
    for (const each of sent.slice(-5)) {
      const item = part("li", `${said.sent}: ${each.label} `);
      if (each.code) item.append(part("a", each.code, { href: `/dossiers/${each.code}` }));
      items.push(item);
    }
    list.replaceChildren(...items);
    const number = String(entries.length);
    const line = bar.querySelector("#unsent-count");
    const now = entries.length ? said.count.replace("#", number) : "";
    if (line.textContent !== now) line.textContent = now;
    bar.classList.toggle("settled", entries.length === 0);
    const where = bar.querySelector("#unsent-where");
    where.textContent = entries.length === 0 ? "" : subtle ? said.sealed : said.inTab;
    if (signedOut) where.replaceChildren(part("a", said.signedOut, { href: location.pathname }));
    bar.hidden = items.length === 0;
  }

  // A refused receipt is put into the form again, under a key of its own: nothing was logged under the old one.
  function mend(entry) {
    forget(entry.id);
    show();
    document.body.dispatchEvent(new CustomEvent("counter-mend", { detail: entry }));
  }

  bar.querySelector("#unsent-send").addEventListener("click", flush);
  window.addEventListener("online", flush);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) flush(); });
  flush();
  return { keep, forget, deliver, flush, show };
})();
