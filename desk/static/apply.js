// The pages of an applicant: times in the visitor's own zone, and a draft that saves itself while one writes.
// Without this script everything works by its buttons.
(() => {
  "use strict";
  const lang = document.documentElement.lang;
  const AFTER = 900, AT_LATEST = 5000, RETRY = 5000;

  // An instant in the visitor's own zone. A deadline at midnight is 24:00 of the day that ends.
  const ownTime = (node) => {
    const at = new Date(Number(node.dataset.at));
    const midnight = "deadline" in node.dataset && !at.getHours() && !at.getMinutes() && !at.getSeconds();
    const day = midnight ? new Date(at.getTime() - 1000) : at;
    const two = (n) => String(n).padStart(2, "0");
    const clock = midnight ? "24:00" : two(at.getHours()) + ":" + two(at.getMinutes()) + (at.getSeconds() ? ":" + two(at.getSeconds()) : "");
    const zh = lang.startsWith("zh");
    const date = day.toLocaleDateString(zh ? "zh-CN" : "en-GB", { day: "numeric", month: zh ? "long" : "short", year: "numeric" });
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "";
    node.textContent = node.dataset.label + (zh ? "：" : ": ") + date + " " + clock + (zone ? (zh ? "（" + zone + "）" : " (" + zone + ")") : "");
  };
  document.querySelectorAll(".own-time").forEach(ownTime);

  // One press is one act.
  for (const form of document.querySelectorAll("form.once")) {
    form.addEventListener("submit", () => {
      for (const button of form.querySelectorAll("button")) button.disabled = true;
    });
  }
  addEventListener("pageshow", () => {
    for (const button of document.querySelectorAll("form.once button")) button.disabled = false;
  });

  for (const counter of document.querySelectorAll("[data-counts]")) {
    const text = document.getElementById(counter.dataset.counts);
    const show = () => {
      const count = [...text.value.trim()].length;
      counter.textContent = count.toLocaleString("en") + " / " + Number(counter.dataset.most).toLocaleString("en");
      counter.classList.toggle("over", count > Number(counter.dataset.most));
    };
    text.addEventListener("input", show);
    show();
  }

  if (window.Intl && Intl.DisplayNames) {
    const names = new Intl.DisplayNames([lang], { type: "region" });
    for (const option of document.querySelectorAll("#countries option")) option.label = names.of(option.value);
  }

  const form = document.getElementById("project");
  if (!form) return;
  let dirty = false;
  addEventListener("beforeunload", (event) => { if (dirty) event.preventDefault(); });
  form.addEventListener("input", () => { dirty = true; });
  if (!("savesItself" in form.dataset)) {
    form.addEventListener("submit", () => { dirty = false; });
    return;
  }

  const line = document.getElementById("save-state");
  const buttons = document.getElementById("save-buttons");
  const newer = document.getElementById("save-newer");
  let timer = null, since = 0, running = null, again = false, stopped = false, last = {};

  const say = (text, bad = false) => {
    if (line.textContent !== text) line.textContent = text;
    line.classList.toggle("bad", bad);
  };
  const memberOf = (node) => node && node.closest && node.closest("fieldset.member");
  const show = (errors) => {
    last = errors;
    // Nobody is told that an address is missing while writing the name before it.
    const writing = memberOf(document.activeElement);
    for (const node of form.querySelectorAll("[data-wrong]")) {
      const name = node.dataset.wrong, field = form.elements[name];
      if (writing && writing.contains(node)) continue;
      const text = errors[name] || "";
      if (node.textContent !== text) node.textContent = text;
      node.hidden = !text;
      if (field && field.setAttribute) text ? field.setAttribute("aria-invalid", "true") : field.removeAttribute("aria-invalid");
    }
  };
  const body = () => {
    const data = new URLSearchParams(new FormData(form));
    // A half-written address is nobody's: of the team only what was left again is saved.
    const writing = document.activeElement;
    if (writing && writing.form === form && "settled" in writing.dataset) data.set(writing.name, writing.dataset.was ?? writing.defaultValue);
    return data;
  };

  const later = (wait) => { clearTimeout(timer); timer = setTimeout(save, wait); };
  const once = async () => {
    dirty = false;
    say(form.dataset.saving);
    const data = body();
    let answer;
    try {
      answer = await fetch(form.action, {
        method: "POST", body: data, headers: { Accept: "application/json" }, redirect: "manual",
        keepalive: data.toString().length < 50000,
      });
    } catch {
      dirty = true;
      say(form.dataset.offline, true);
      later(RETRY);
      return false;
    }
    const known = (answer.headers.get("content-type") || "").includes("json");
    if (!known) {
      dirty = true;
      say(form.dataset.signedOut, true);
      later(RETRY);
      return false;
    }
    const told = await answer.json();
    if (answer.ok) {
      form.elements.seen.value = told.revision;
      const wrong = Object.keys(told.errors).length > 0;
      show(told.errors);
      const heading = document.querySelector("h1 bdi");
      if (heading && form.elements.title.value.trim() && !told.errors.title) heading.textContent = form.elements.title.value.trim();
      const at = new Date(told.at).toLocaleTimeString(lang, { hour12: false });
      // What was written while this was under way is not in it.
      if (dirty) say(form.dataset.unsaved);
      else say((wrong ? form.dataset.partly : form.dataset.saved).replace("{at}", at), wrong);
      return !wrong;
    }
    dirty = true;
    say(told.detail + (told.remedy ? " " + told.remedy : ""), true);
    if (answer.status >= 500) later(RETRY);
    else {
      stopped = true;
      newer.hidden = !told.newer;
      buttons.hidden = Boolean(told.newer);
    }
    return false;
  };
  // One save after the other: each says which revision it changed.
  const save = async () => {
    clearTimeout(timer);
    if (stopped) return false;
    if (running) { again = true; return running; }
    running = (async () => {
      let good;
      do {
        again = false;
        since = 0;
        good = await once();
      } while (again && !stopped);
      return good;
    })();
    const good = await running;
    running = null;
    return good;
  };

  const touched = (event) => {
    if (stopped) return;
    const field = event.target, settled = "settled" in field.dataset;
    if (settled && event.type === "input") return;
    if (settled) field.dataset.was = field.value;
    say(form.dataset.unsaved);
    if (!since) since = Date.now();
    if (event.type === "change") return later(50);
    later(Math.max(0, Math.min(AFTER, since + AT_LATEST - Date.now())));
  };
  form.addEventListener("input", touched);
  form.addEventListener("change", touched);
  form.addEventListener("focusout", (event) => {
    const left = memberOf(event.target);
    if (left && !left.contains(event.relatedTarget)) setTimeout(() => show(last), 0);
  });
  document.addEventListener("visibilitychange", () => { if (document.hidden && dirty) save(); });

  form.addEventListener("submit", async (event) => {
    const then = event.submitter && event.submitter.name === "then" ? event.submitter.value : "";
    if (!then) { dirty = false; stopped = true; return; }
    event.preventDefault();
    clearTimeout(timer);
    if (document.activeElement && "settled" in document.activeElement.dataset) document.activeElement.dataset.was = document.activeElement.value;
    const good = await save();
    if (good && then !== "save") location.assign(form.action.replace(/save$/, then));
    const wrong = form.querySelector("[aria-invalid=true]");
    if (!good && wrong) wrong.focus();
  });
})();
