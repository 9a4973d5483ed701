"use strict";

// Figures as they move: the server tells of a new state, the page fetches its figures again, but never under the
// reader's hands. Charts follow more slowly, as their own attributes say.
(() => {
  const EVERY_MS = 3000;
  const figures = () => document.querySelector("[data-live]");
  const status = document.querySelector("#live");
  const reload = document.querySelector("#reload");
  const question = document.querySelector("[data-question]");

  function isInUse() {
    const at = document.activeElement;
    const holdsFocus = at && at !== document.body && (at.closest("[data-question]") || at.closest("[data-live]"));
    return Boolean(holdsFocus || (question && question.dataset.changed) || String(window.getSelection()));
  }

  // Days that are written and a period that is chosen stand in place of each other.
  if (question) {
    question.addEventListener("input", (event) => {
      question.dataset.changed = "yes";
      const { period, from, to } = question.elements;
      if (event.target === from || event.target === to) period.value = "days";
      if (event.target === period && period.value !== "days") from.value = to.value = "";
    });
  }

  if (figures() && window.EventSource) {
    let latest = figures().dataset.state;
    let timer = 0;

    const refresh = () => {
      timer = 0;
      if (latest === figures().dataset.state) return;
      if (isInUse()) {
        reload.hidden = false;
        timer = setTimeout(refresh, EVERY_MS);
        return;
      }
      reload.hidden = true;
      document.body.dispatchEvent(new Event("figures-moved"));
    };

    // A tab that nobody looks at listens to nothing: a browser has six connections to a host.
    let source = null;
    const listen = () => {
      if (source && document.hidden) {
        source.close();
        source = null;
      } else if (!source && !document.hidden) {
        source = new EventSource(figures().dataset.live);
        source.addEventListener("figures", (event) => {
          latest = event.lastEventId;
          if (!timer) timer = setTimeout(refresh, status.textContent ? EVERY_MS : 0);
        });
        source.addEventListener("error", () => { status.textContent = figures().dataset.interrupted; });
        source.addEventListener("open", () => { status.textContent = ""; });
      }
    };
    document.addEventListener("visibilitychange", listen);
    window.addEventListener("pagehide", () => { if (source) source.close(); });
    listen();

    document.body.addEventListener("htmx:afterSwap", (event) => {
      if (event.detail.target.id !== "figures") return;
      const now = new Date();
      const minute = [now.getHours(), now.getMinutes()].map((part) => String(part).padStart(2, "0")).join(":");
      status.textContent = `${figures().dataset.fresh} ${minute}`;
    });
  }

  // A chart that can't be drawn says so in its place; figures that can't be had stay as they are.
  document.body.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.xhr.status >= 400) event.detail.shouldSwap = event.detail.target.classList.contains("chart");
  });

  // The other figures are part of the printed page.
  window.addEventListener("beforeprint", () => {
    document.querySelectorAll(".others").forEach((part) => { part.dataset.wasOpen = part.open; part.open = true; });
  });
  window.addEventListener("afterprint", () => {
    document.querySelectorAll("[data-was-open]").forEach((part) => { part.open = part.dataset.wasOpen === "true"; });
  });
})();
