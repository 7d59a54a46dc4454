// Countdowns by the server's clock, and a tick that refreshes live parts while somebody looks and nobody types.
(() => {
  "use strict";
  let offset = 0;
  const setClock = () => {
    const stamp = document.querySelector("[data-now]");
    if (stamp) offset = Number(stamp.dataset.now) - Date.now();
  };
  const units = document.documentElement.lang.startsWith("zh")
    ? [["天", 86400], ["小时", 3600], ["分", 60], ["秒", 1]]
    : [[" d ", 86400], [" h ", 3600], [" min ", 60], [" s", 1]];
  const words = (seconds) => {
    let left = Math.max(0, Math.floor(seconds));
    const parts = [];
    for (const [unit, size] of units) {
      const count = Math.floor(left / size);
      left -= count * size;
      if (count || (size === 1 && !parts.length)) parts.push(count + unit);
      if (parts.length === 2) break;
    }
    return parts.join("").trim();
  };
  const count = () => {
    const now = Date.now() + offset;
    for (const node of document.querySelectorAll("[data-until]")) {
      const left = (Number(node.dataset.until) - now) / 1000;
      const text = words(left);
      if (node.textContent !== text) node.textContent = text;
      node.classList.toggle("soon", left < 3600);
    }
  };
  const tick = () => {
    const busy = document.activeElement && document.activeElement.closest("form");
    if (!document.hidden && !busy && window.htmx) window.htmx.trigger(document.body, "tick");
  };
  document.addEventListener("htmx:afterSettle", () => { setClock(); count(); });
  setClock();
  count();
  setInterval(count, 1000);
  setInterval(tick, 4000);
})();
