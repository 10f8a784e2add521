"use strict";
// Text comes from the server and goes on as text: no amount, order or time is ever a number here.

for (const slider of document.querySelectorAll("input[type=range][data-for]")) {
  const field = slider.form.elements[slider.dataset.for];
  slider.addEventListener("input", () => { field.value = slider.value; });
  slider.addEventListener("change", () => { field.value = slider.value; slider.form.requestSubmit(); });
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.dataset.copy) {
    const text = JSON.parse(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = document.createElement("textarea");
      area.value = text;
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    button.classList.add("done");
    button.setAttribute("aria-label", "Copied");
  }
  if (button.dataset.fold) {
    for (const branch of document.querySelectorAll(".tree details")) {
      branch.open = Number(branch.dataset.depth) < Number(button.dataset.fold);
    }
  }
});

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea")) return;
  const wanted = { n: "next", p: "prev" }[event.key];
  if (wanted) document.querySelector(`a[rel=${wanted}]`)?.click();
  if (event.key === "/") {
    const first = document.querySelector(".filters input:not([type=hidden])");
    if (first) { event.preventDefault(); first.focus(); }
  }
});

// A browser knows the names of the zones; the server would have to send them all.
const zones = document.getElementById("zones");
if (zones && Intl.supportedValuesOf) {
  zones.closest("details").addEventListener("toggle", () => {
    if (zones.children.length) return;
    const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
    for (const name of new Set(["UTC", own, ...Intl.supportedValuesOf("timeZone")])) {
      const option = document.createElement("option");
      option.value = name;
      zones.append(option);
    }
  });
}

// Dragging over a plot asks the server for all plots of that time.
const plots = document.querySelector(".plots[data-zoom]");
if (plots && plots.dataset.first) {
  const first = BigInt(plots.dataset.first), last = BigInt(plots.dataset.last);
  const share = (svg, x) => {
    const box = svg.getBoundingClientRect(), wide = svg.viewBox.baseVal.width;
    return Math.min(1, Math.max(0, ((x - box.left) / box.width * wide - 78) / (wide - 88)));
  };
  const timeAt = (part) => {
    const micros = first + (last - first) * BigInt(Math.round(part * 1e6)) / 1000000n;
    const whole = new Date(Number(micros / 1000n)).toISOString();
    return whole.replace(/Z$/, `${String(micros % 1000n).padStart(3, "0")}Z`);
  };
  for (const svg of plots.querySelectorAll("figure svg[role=img]")) {
    let from = null, box = null;
    svg.addEventListener("pointerdown", (event) => {
      if (event.pointerType === "touch" || event.button !== 0) return;
      from = share(svg, event.clientX);
    });
    svg.addEventListener("dragstart", (event) => event.preventDefault());
    window.addEventListener("pointermove", (event) => {
      if (from === null) return;
      const to = share(svg, event.clientX);
      if (Math.abs(to - from) < 0.01) return;
      if (!box) {
        box = document.createElementNS("http://www.w3.org/2000/svg", "rect");
        box.setAttribute("class", "selection");
        box.setAttribute("y", "10");
        box.setAttribute("height", "116");
        svg.append(box);
      }
      const wide = svg.viewBox.baseVal.width - 88;
      box.setAttribute("x", String(78 + wide * Math.min(from, to)));
      box.setAttribute("width", String(wide * Math.abs(to - from)));
    });
    window.addEventListener("pointerup", (event) => {
      if (from === null) return;
      const began = from, to = share(svg, event.clientX);
      from = null;
      if (!box) return;
      box.remove();
      box = null;
      const address = new URL(plots.dataset.zoom, location.href);
      address.searchParams.set("since", timeAt(Math.min(began, to)));
      address.searchParams.set("until", timeAt(Math.max(began, to)));
      location.assign(address);
    });
  }
}

if (plots) {
  plots.addEventListener("click", (event) => {
    const point = event.target.closest("[data-order]"), bar = event.target.closest("[data-since]");
    if (!point && !bar) return;
    const address = new URL(point ? plots.dataset.event : plots.dataset.events, location.href);
    const given = (point || bar).dataset;
    for (const name of ["order", "since", "until", "type"]) {
      if (given[name]) address.searchParams.set(name, given[name]);
    }
    location.assign(address);
  });
}

// The board: one stream, resumed from where it was, closed while nobody looks.
const live = document.getElementById("live");
if (live) {
  const board = document.getElementById("board"), fresh = document.getElementById("fresh");
  const changes = document.getElementById("changes"), nothing = document.getElementById("nothing");
  let stream = null, horizon = live.dataset.horizon, heard = Date.now(), waiting = null, more = 0, refused = 0;

  const say = (state, text) => { live.className = `live ${state}`; live.textContent = text; };
  const isReading = () => window.scrollY > 40 || board.contains(document.activeElement);
  const show = () => {
    if (waiting === null) return;
    board.innerHTML = waiting;
    waiting = null;
    more = 0;
    fresh.hidden = true;
  };
  const tell = (one) => {
    const line = document.createElement("li"), link = document.createElement("a");
    const address = new URL(live.dataset.event, location.href);
    address.searchParams.set("order", one.order);
    link.href = address.pathname + address.search;
    link.textContent = one.order;
    line.className = "new";
    line.append(link, ` ${one.status}: ${one.what}, ${one.at}`);
    changes.prepend(line);
    while (changes.children.length > 100) changes.lastChild.remove();
    nothing.hidden = true;
  };
  const change = (event) => {
    const told = JSON.parse(event.data);
    heard = Date.now();
    refused = 0;
    horizon = told.horizon;
    waiting = told.board;
    more += Number(told.count);
    told.changes.forEach(tell);
    say("connected", `connected, up to ${told.horizon}`);
    if (more && isReading()) {
      fresh.textContent = `${more} new`;
      fresh.hidden = false;
    } else if (!isReading()) {
      show();
    }
  };
  const open = () => {
    const address = new URL(live.dataset.stream, location.href);
    // A place that is refused again and again is none of this store any more.
    if (refused < 3) address.searchParams.set("last_event_id", horizon);
    stream = new EventSource(address);
    stream.addEventListener("change", change);
    stream.addEventListener("trouble", (event) => {
      heard = Date.now();
      say("behind", `behind: ${JSON.parse(event.data).said}`);
    });
    stream.onerror = () => {
      say("stale", `not connected; as of ${horizon}`);
      if (stream && stream.readyState === EventSource.CLOSED) { refused += 1; close(); setTimeout(wake, 2000); }
    };
  };
  const close = () => { if (stream) stream.close(); stream = null; };
  const wake = () => { if (!stream && !document.hidden) open(); };
  fresh.addEventListener("click", () => { show(); window.scrollTo(0, 0); });
  document.addEventListener("visibilitychange", () => { if (document.hidden) close(); else wake(); });
  window.addEventListener("pagehide", close);
  window.addEventListener("pageshow", wake);
  setInterval(() => {
    const silent = Math.round((Date.now() - heard) / 1000);
    if (stream && silent > 12) say("stale", `stale: nothing heard for ${silent} s; as of ${horizon}`);
  }, 1000);
  wake();
}
