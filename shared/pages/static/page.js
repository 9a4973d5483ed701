"use strict";

// What every page does: what is wrong gets the focus, and what passes by itself is tried again until it has passed.
(() => {
  const mistakes = document.querySelector("#mistakes");
  if (mistakes) mistakes.focus();

  if ("retries" in document.body.dataset) {
    setInterval(async () => {
      const answer = await fetch(location.href).catch(() => null);
      if (answer && answer.status !== 503) location.reload();
    }, 5000);
  }
})();
