// Live parts of a page: an event says that something changed, the page is fetched again and the
// elements marked data-live are swapped by id. Every page is complete without this.
"use strict";
(() => {
  const parts = [...document.querySelectorAll("[data-live]")];
  const note = document.querySelector("[data-stale]");
  if (!parts.length || !window.EventSource) return;
  let silence = 0;
  const swap = async () => {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of parts) {
      const next = fresh.getElementById(part.id);
      if (!next || next.innerHTML === part.innerHTML || part.contains(document.activeElement)) continue;
      part.replaceChildren(...next.childNodes);
    }
  };
  const source = new EventSource(location.href);
  source.addEventListener("changed", () => swap().catch(() => {}));
  source.addEventListener("end", () => source.close());
  source.addEventListener("open", () => {
    clearTimeout(silence);
    silence = 0;
    if (note) note.hidden = true;
  });
  source.addEventListener("error", () => {
    if (note) silence ||= setTimeout(() => { note.hidden = false; }, 60000);
  });
})();
