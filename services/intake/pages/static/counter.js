"use strict";

// The counter by keyboard: a procedure is found by its words, a form is sent once, and the next one stands ready.
(() => {
  const SLOW_MS = 2500;
  const MOST_SHOWN = 50;
  const LOOK_EVERY_MS = 2000;
  const HANOI_MS = 7 * 3600 * 1000;
  const ASKED = ["department", "procedure", "channel", "online_level", "received_by", "received_at"];
  const CLEARED = ["procedure", "name", "id_number", "phone", "email", "address", "received_at"];

  const folded = (text) => text.toLowerCase().normalize("NFD").replace(/[\u0300-\u036f]/g, "").replace(/đ/g, "d");
  const words = (text) => folded(text).split(/[^\p{L}\p{N}.]+/u).filter(Boolean);

  // Whether every word asked for begins a word of the text, in any order; numbers may stand anywhere in a code.
  const matches = (asked, there) =>
    asked.every((word) => there.some((each) => each.startsWith(word) || (/\d/.test(word) && each.includes(word))));

  // A list to choose from becomes a field to type into (ARIA's combobox); the list itself keeps the value.
  function searchable(select) {
    if (select.dataset.ready) return;
    select.dataset.ready = "yes";
    const { id } = select;
    const field = document.createElement("input");
    const shown = document.createElement("ul");
    const count = document.createElement("p");
    const options = [...select.options].filter((option) => option.value);
    const known = options.map((option) => ({ option, there: words(`${option.value} ${option.text}`) }));
    let found = [], active = -1;

    select.id = `${id}-value`;
    Object.assign(field, { id, type: "text", autocomplete: "off", required: true, spellcheck: false });
    field.setAttribute("role", "combobox");
    field.setAttribute("aria-expanded", "false");
    field.setAttribute("aria-autocomplete", "list");
    field.setAttribute("aria-controls", `${id}-options`);
    field.setAttribute("aria-describedby", select.getAttribute("aria-describedby") || "");
    if (select.hasAttribute("aria-invalid")) field.setAttribute("aria-invalid", "true");
    Object.assign(shown, { id: `${id}-options`, className: "options", hidden: true });
    shown.setAttribute("role", "listbox");
    shown.setAttribute("aria-label", select.labels.length ? select.labels[0].textContent : "");
    count.className = "unseen";
    count.setAttribute("role", "status");
    const hadFocus = document.activeElement === select;
    select.hidden = true;
    select.required = false;
    select.after(field, shown, count);
    if (hadFocus) field.focus();

    const said = (option) => (option && option.value ? `${option.text} (${option.value})` : "");
    const reset = () => { field.value = said(select.selectedOptions[0]); };
    const close = () => { shown.hidden = true; active = -1; field.setAttribute("aria-expanded", "false"); field.removeAttribute("aria-activedescendant"); };

    function mark(place) {
      active = place;
      [...shown.children].forEach((item, at) => item.setAttribute("aria-selected", String(at === active)));
      const item = shown.children[active];
      if (!item || !found.length) { field.removeAttribute("aria-activedescendant"); return; }
      field.setAttribute("aria-activedescendant", item.id);
      item.scrollIntoView({ block: "nearest" });
    }

    function open() {
      const asked = field.value === said(select.selectedOptions[0]) ? [] : words(field.value);
      found = known.filter(({ there }) => matches(asked, there)).slice(0, MOST_SHOWN).map(({ option }) => option);
      shown.replaceChildren(...found.map((option, at) => {
        const item = document.createElement("li");
        item.id = `${id}-option-${at}`;
        item.setAttribute("role", "option");
        item.textContent = said(option);
        item.addEventListener("pointerdown", (event) => { event.preventDefault(); choose(option); });
        return item;
      }));
      if (!found.length) {
        const item = document.createElement("li");
        item.className = "none";
        item.setAttribute("role", "option");
        item.setAttribute("aria-disabled", "true");
        item.textContent = select.dataset.none;
        shown.append(item);
      }
      count.textContent = found.length ? select.dataset.found.replace("#", found.length) : select.dataset.none;
      shown.hidden = false;
      field.setAttribute("aria-expanded", "true");
      mark(asked.length && found.length ? 0 : -1);
    }

    function choose(option) {
      select.value = option.value;
      reset();
      close();
      field.removeAttribute("aria-invalid");
      select.dispatchEvent(new Event("change", { bubbles: true }));
    }

    field.addEventListener("input", open);
    field.addEventListener("keydown", (event) => {
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        if (shown.hidden) open();
        if (found.length) mark((active + (event.key === "ArrowDown" ? 1 : -1) + found.length) % found.length);
      } else if (event.key === "Enter" && !shown.hidden) {
        event.preventDefault();
        if (found[active]) {
          choose(found[active]);
          const next = field.form.elements.name;
          if (next) next.focus();
        }
      } else if (event.key === "Escape" && !shown.hidden) {
        event.preventDefault();
        reset();
        close();
      } else if (event.key === "Tab" && !shown.hidden && found[active]) choose(found[active]);
    });
    field.addEventListener("focus", () => field.select());
    field.addEventListener("blur", () => { close(); if (!field.value.trim()) { select.value = ""; } reset(); });
    select.addEventListener("reset-shown", reset);
    reset();
  }

  // Only what the procedure is offered by can be chosen; a level belongs to what comes online.
  function restrict(form) {
    const { procedure, channel, online_level: level } = form.elements;
    const select = form.querySelector("select[name=procedure]");
    if (!channel || !level || !(procedure || select)) return;
    const about = ((select.selectedOptions[0] || {}).dataset || {}).about;
    const offered = about ? about.split(" ") : null;
    for (const option of channel.options) option.disabled = Boolean(offered) && !offered.includes(option.value);
    if (channel.selectedOptions[0] && channel.selectedOptions[0].disabled) channel.value = ([...channel.options].find((option) => !option.disabled) || {}).value || "";
    const online = channel.selectedOptions[0] && channel.selectedOptions[0].dataset.about === "online";
    for (const option of level.options) option.disabled = Boolean(offered && option.value) && !offered.includes(`level:${option.value}`);
    if (!online || (level.selectedOptions[0] || {}).disabled) level.value = "";
    level.closest(".ask").hidden = !online;
  }

  const procedureOf = (form) => form.querySelector("[role=combobox]") || form.querySelector("[name=procedure]");

  function ready(root) {
    const forms = root.matches && root.matches("form[data-queued]") ? [root] : [...root.querySelectorAll("form[data-queued]")];
    for (const form of forms) {
      form.noValidate = true;
      form.dataset.ahead = String(Date.parse(form.dataset.now) - Date.now());
    }
    for (const select of root.querySelectorAll("select[data-search]")) searchable(select);
    const receipt = document.querySelector("#receipt");
    if (receipt) restrict(receipt);
  }

  function mistaken(form, mistakes) {
    for (const place of form.querySelectorAll("[data-mistake]")) {
      const wrong = mistakes[place.dataset.mistake];
      place.textContent = wrong || "";
      const name = place.dataset.mistake;
      for (const field of form.querySelectorAll(`[aria-describedby~="${place.id || "-"}"]`)) {
        if (wrong) field.setAttribute("aria-invalid", "true"); else field.removeAttribute("aria-invalid");
      }
      if (wrong && !name) place.closest(".mistake-summary").focus();
    }
    const summary = form.querySelector(".mistake-summary");
    summary.hidden = Object.keys(mistakes).length === 0;
    const first = [...form.querySelectorAll("[aria-invalid]:not([hidden])")][0];
    if (first) first.focus(); else if (!summary.hidden) summary.focus();
  }

  const newKey = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

  // The form is empty for the next one; what a counter keeps from one to the next stays.
  function clear(form) {
    for (const name of CLEARED) {
      const field = form.querySelector(`[name=${name}]`);
      if (field) field.value = "";
    }
    form.elements.key.value = newKey();
    const deadline = document.querySelector("#deadline");
    deadline.replaceChildren(Object.assign(document.createElement("p"), { className: "help", textContent: deadline.dataset.waits }));
    form.querySelector("select[name=procedure]").dispatchEvent(new Event("reset-shown"));
    mistaken(form, {});
    restrict(form);
    procedureOf(form).focus();
  }

  function free(form, label) {
    delete form.dataset.busy;
    const button = form.querySelector("button:not([formaction])");
    button.textContent = label;
  }

  async function answered(form, result, label) {
    const receiving = form.id === "receipt";
    if (result.kind === "refused") {
      unsent.forget(form.elements.key.value);
      await unsent.show();
      free(form, label);
      mistaken(form, result.mistakes);
    } else if (!receiving) {
      if (result.kind === "sent") { location.assign(result.to); return; }
      const button = form.querySelector("button:not([formaction])");
      button.textContent = label;
      button.disabled = true;  // it is kept as it was pressed; pressed again it would be told at another time
      unsent.flush();
    } else if (result.kind === "sent") {
      free(form, label);
      clear(form);
      await renew(result.to);
    } else {
      free(form, label);
      clear(form);
      unsent.flush();
    }
  }

  // What was received stands above the form and in the list beside it; the form itself is in the clerk's hands.
  function renew(to) {
    return htmx.ajax("GET", to, { target: "#saved-place", select: "#saved-place", selectOOB: "#latest", swap: "outerHTML" }).catch(() => {});
  }

  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!("queued" in form.dataset) || !unsent) return;
    event.preventDefault();
    if (form.dataset.busy) return;
    const missing = [...form.querySelectorAll("[required]")].filter((field) => !field.value.trim());
    mistaken(form, Object.fromEntries(missing.map((field) => [field.name || field.id, form.dataset.missing])));
    if (missing.length) return;
    form.dataset.busy = "yes";
    const button = form.querySelector("button:not([formaction])");
    const label = button.textContent;
    button.textContent = button.dataset.saving;
    const now = Date.now();
    form.elements.pressed_at.value = new Date(now + Number(form.dataset.ahead) + HANOI_MS).toISOString().slice(0, 19);
    const about = form.elements.name && form.elements.name.value ? ` – ${form.elements.name.value}` : "";
    const entry = {
      id: form.elements.key.value,
      at: now,
      action: new URL(form.action).pathname,
      body: new URLSearchParams(new FormData(form)).toString(),
      label: form.getAttribute("aria-label") + about,
    };
    await unsent.keep(entry).catch(() => {});  // a browser that keeps nothing sends all the same
    const slow = new Promise((resolve) => { setTimeout(() => resolve({ kind: "waiting" }), SLOW_MS); });
    await answered(form, await Promise.race([unsent.deliver(entry), slow]), label);
  });

  document.body.addEventListener("counter-sent-later", (event) => {
    const { action, to } = event.detail;
    const here = location.pathname;
    if (action.startsWith(here) && here.startsWith("/dossiers/")) location.assign(to);
    if (document.querySelector("#receipt")) renew(to);
  });

  document.body.addEventListener("counter-mend", (event) => {
    const form = document.querySelector("#receipt");
    const given = new URLSearchParams(event.detail.body);
    if (!form) { sessionStorage.setItem("motcua-mend", event.detail.body); location.assign("/"); return; }
    for (const [name, value] of given) {
      const field = form.querySelector(`[name=${name}]`);
      if (field && name !== "key" && name !== "pressed_at") field.value = value;
    }
    form.querySelector("select[name=procedure]").dispatchEvent(new Event("reset-shown"));
    restrict(form);
    mistaken(form, event.detail.mistakes || {});
    document.body.dispatchEvent(new Event("deadline-asked"));
  });

  document.body.addEventListener("change", (event) => {
    const form = event.target.closest("#receipt");
    if (!form) return;
    restrict(form);
    if (ASKED.includes(event.target.name)) document.body.dispatchEvent(new Event("deadline-asked"));
  });

  // Several counters see what the others do: the server is asked how far its log is, and for the lists when it moved.
  let away = false;
  async function look() {
    const live = document.querySelector("[data-live]");
    if (!live || document.hidden) return;
    const status = document.querySelector("#live");
    try {
      const answer = await fetch(`/moved?since=${live.dataset.position}`);
      if (answer.status === 401) location.reload();
      if (answer.status === 200) document.body.dispatchEvent(new Event("log-moved"));
      if (away) unsent.flush();
      away = false;
      status.textContent = "";
    } catch {
      away = true;
      status.textContent = status.dataset.interrupted;
    }
  }
  setInterval(look, LOOK_EVERY_MS);

  document.body.addEventListener("htmx:load", (event) => ready(event.detail.elt));
  // A session that is over takes no form away that somebody is filling in: what they save is kept until they are back.
  document.body.addEventListener("htmx:beforeOnLoad", (event) => {
    if (event.detail.xhr.status === 401 && document.querySelector("form[data-queued]")) event.preventDefault();
  });
  document.body.addEventListener("htmx:beforeSwap", (event) => { if (event.detail.xhr.status >= 400) event.detail.shouldSwap = false; });
  ready(document);
  const receipt = document.querySelector("#receipt");
  if (receipt) {
    const mend = sessionStorage.getItem("motcua-mend");
    if (mend) {
      sessionStorage.removeItem("motcua-mend");
      document.body.dispatchEvent(new CustomEvent("counter-mend", { detail: { body: mend } }));
    }
    const invalid = receipt.querySelector("[aria-invalid]:not([hidden])");
    (invalid || (receipt.elements.department.value ? procedureOf(receipt) : receipt.elements.department)).focus();
  }
})();
