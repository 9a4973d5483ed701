"use strict";

// The slip's QR code has code and secret behind `#`, which no browser sends: this posts them, and takes them from the
// address, so that they stay in no history.
(() => {
  const ask = () => {
    const [code, secret] = decodeURIComponent(location.hash.slice(1)).split("/");
    const form = document.querySelector("#look-up");
    if (!code || !secret || !form) return;
    history.replaceState(null, "", location.pathname + location.search);
    form.elements.code.value = code;
    form.elements.secret.value = secret;
    form.requestSubmit();
  };
  addEventListener("hashchange", ask);
  ask();
})();
