// Progressive enhancement for Offpiste's pages. Every page works without this file; with it, lists
// refresh by themselves, results come as you type, and the keyboard or the scanner is enough.
//
// data-search-box             the one box for everything; "/" focuses it, a scan lands in it
// data-fragment="/url"        on an input: its value is sent as ?q=, the answer goes into data-target="#id"
// data-live="/url"            the element's content is fetched anew when the server reports a change
// data-events="/events"       on <body>: where the server reports changes (server-sent events)
// data-key="n"                on a link or button: this key activates it, outside text fields
// data-types-on               with it, on a link: the form takes this page's place, and what is typed before it is there goes into it
// data-digit="1"              on a tile: this digit toggles it within the [data-digits] group that has focus
// data-pin                    on a password input: a number pad [data-pin-pad] is shown and typed into it
// data-repeat="#template-id"  on a button: adds a copy of the template before [data-repeat-end]; __INDEX__ is replaced
// data-remove=".selector"     on a button: removes the closest match
// data-total="#id"            on a form: the sum of checked [data-price-minor] goes into #id as money;
//                             an input [data-price-for] of the same [data-item] holds another price for a tile's value
// data-fill='{"name":"x"}'    on a button: fills these fields of the form it belongs to
// data-cookie="theme=dark"    on a switch button: remembers the choice; data-theme-value applies it at once
// data-dismiss=".selector"    on a button: removes the closest match
// data-autofocus              takes the focus when a fragment or a copy appears
// data-fill-focus, -clear     with it: the field that then takes the focus, the element that is emptied
// data-shows=".selector"      with data-fill: this element is shown
// data-forgets=".selector"    on an input: typing into it empties that hidden field (and hides [data-known])
// data-enter-moves            on a form: Enter goes to the next field, Ctrl+Enter sends
// data-takes-scan             on an input: scans land here and not in the search box
// data-print-and-note         on a submit button: prints the page and sends its form beside it
"use strict";
(() => {
  const one = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const isTextField = (element) =>
    element instanceof HTMLElement &&
    (element.isContentEditable ||
      element.matches("textarea, select, input:not([type=checkbox]):not([type=radio]):not([type=button]):not([type=submit])"));

  // ---- Results as you type: the newest answer wins, older ones are dropped. ----
  const PAUSE_MS = 120; // shorter than a person's pause between words, longer than a scanner's between keys
  const pending = new WeakMap();
  const fetchFragment = async (input) => {
    pending.get(input)?.abort();
    const controller = new AbortController();
    pending.set(input, controller);
    const target = one(input.dataset.target);
    if (!target) return;
    const url = new URL(input.dataset.fragment, location.href);
    url.searchParams.set("q", input.value);
    try {
      const answer = await fetch(url, { signal: controller.signal, headers: { "X-Fragment": "1" } });
      if (!answer.ok) return;
      target.innerHTML = await answer.text();
      input.setAttribute("aria-expanded", String(target.childElementCount > 0));
    } catch {
      // Aborted by newer typing, or the daemon restarts: pressing Enter still asks the server.
    }
  };
  const timers = new WeakMap();
  document.addEventListener("input", (event) => {
    const input = event.target;
    if (input.matches?.("[data-fragment]")) {
      clearTimeout(timers.get(input));
      timers.set(input, setTimeout(() => fetchFragment(input), PAUSE_MS));
    }
    if (input.dataset?.forgets) {
      const hidden = one(input.dataset.forgets, input.form);
      if (hidden?.value) {
        hidden.value = "";
        for (const known of all("[data-known]", input.form)) known.hidden = true;
      }
    }
    if (input.form?.matches("[data-total]")) showTotal(input.form);
  });

  // ---- Arrow keys walk from the box through the results and back. ----
  const walkResults = (event) => {
    const box = event.target.closest?.("[data-fragment]");
    const results = box ? one(box.dataset.target) : event.target.closest?.("[data-results]");
    if (!results) return false;
    const rows = all("a, button", results);
    if (rows.length === 0) return false;
    const at = rows.indexOf(document.activeElement);
    const next = event.key === "ArrowDown" ? at + 1 : at - 1;
    if (next < 0) {
      const owner = one(`[data-target="#${results.id}"]`);
      owner?.focus();
      return Boolean(owner);
    }
    rows[Math.min(next, rows.length - 1)].focus();
    return true;
  };

  // ---- Live fragments ----
  const refresh = async (element) => {
    if (element.contains(document.activeElement) && isTextField(document.activeElement)) return;
    try {
      const answer = await fetch(element.dataset.live, { headers: { "X-Fragment": "1", "X-Live": "1" } });
      if (!answer.ok || answer.redirected) return;
      const text = await answer.text();
      if (text === element.dataset.liveText) return;
      const focusKey = document.activeElement?.closest("[data-live]") === element ? document.activeElement.getAttribute("href") : null;
      element.dataset.liveText = text;
      element.innerHTML = text;
      if (focusKey) one(`a[href="${CSS.escape(focusKey)}"]`, element)?.focus({ preventScroll: true });
    } catch {
      // The next event or the next page load brings the news.
    }
  };
  let refreshTimer;
  const refreshAll = () => {
    clearTimeout(refreshTimer);
    refreshTimer = setTimeout(() => all("[data-live]").forEach(refresh), 80);
  };
  // Browsers open six connections to one server and no more, over all tabs and the pages kept for "back". A page that
  // nobody sees therefore lets go of its own, and reads everything again when it is looked at.
  const eventsUrl = document.body?.dataset.events;
  let source;
  const listen = () => {
    if (!eventsUrl || !window.EventSource || source || document.hidden) return;
    source = new EventSource(eventsUrl);
    source.onmessage = refreshAll;
    let lost = false;
    source.onerror = () => { lost = true; };
    source.onopen = () => { if (lost) { lost = false; refreshAll(); } };
  };
  const letGo = () => {
    source?.close();
    source = undefined;
  };
  listen();
  window.addEventListener("pagehide", letGo);
  window.addEventListener("pageshow", (event) => { if (event.persisted) { listen(); refreshAll(); } });
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) letGo();
    else { listen(); refreshAll(); }
  });

  // ---- Scanner: a burst of keys that a hand cannot type, ended by Enter. It works from every field. ----
  const SCAN_GAP_MS = 35;
  const SCAN_MIN_LENGTH = 6;
  // Within a field only a ticket number counts: fast typists and pasted texts must not be carried off.
  const TICKET = /^[0-9A-HJ-NP-X]{9}$/i;
  let burst = { text: "", last: 0, field: null, before: "" };
  const trackScan = (event) => {
    if (event.target.matches?.("[data-takes-scan], [type=password]")) return false;
    const now = event.timeStamp;
    if (event.key === "Enter") {
      const scan = burst;
      burst = { text: "", last: 0, field: null, before: "" };
      if (scan.text.length < SCAN_MIN_LENGTH || now - scan.last > SCAN_GAP_MS * 3) return false;
      const box = one("[data-search-box]");
      if (!box || document.activeElement === box) return false;
      if (scan.field && !TICKET.test(scan.text.replace(/[ -]/g, ""))) return false;
      event.preventDefault();
      if (scan.field) scan.field.value = scan.before;
      box.value = scan.text;
      box.form.requestSubmit();
      return true;
    }
    if (event.key.length !== 1 || event.ctrlKey || event.metaKey || event.altKey) return false;
    if (now - burst.last > SCAN_GAP_MS) {
      const field = isTextField(event.target) && "value" in event.target ? event.target : null;
      burst = { text: "", last: now, field, before: field ? field.value : "" };
    }
    burst.text += event.key;
    burst.last = now;
    return burst.text.length > 2; // from here on it is no hand: shortcuts stay quiet
  };

  // ---- Enter proceeds: to the next field, and from the tiles it sends. ----
  const nextStop = (field) => {
    const stops = all("input:not([type=hidden]), select, textarea", field.form ?? document).filter((stop) => stop.checkVisibility() && !stop.disabled);
    return stops[stops.indexOf(field) + 1];
  };
  const moveOn = (event) => {
    const form = event.target.form;
    if (!form?.matches("[data-enter-moves]")) return false;
    const way = one("button.button--way, button.button--primary", form);
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      form.requestSubmit(way);
      return true;
    }
    if (!event.target.matches("input:not([type=checkbox]):not([type=radio]), select")) return false;
    const next = nextStop(event.target);
    event.preventDefault();
    if (next) next.focus();
    else form.requestSubmit(way);
    return true;
  };

  // ---- Fast hands: what is typed after the key that opens a form (data-types-on), and before the form is there, goes into it. ----
  // While a browser leaves one document and builds the next, keys go nowhere, and no script can keep them. So the form takes the
  // place of the page within this document, at one stroke, and what was typed until then is written into it. It is kept nowhere
  // else: if the form does not come, a customer's name must not turn up in one that is opened later.
  const AWAITED_MS = 10_000; // for a form that has not come by then the browser asks in its own way
  const NEXT_FIELD = "\t"; // in what was typed, for Tab and Enter
  let awaited = null; // { text, request } once such a key was pressed
  const forget = () => {
    awaited?.request.abort();
    awaited = null;
  };
  const openInPlace = async (link) => {
    const own = { text: "", request: new AbortController() };
    awaited = own;
    setTimeout(() => own.request.abort(), AWAITED_MS);
    let page;
    try {
      const answer = await fetch(link.href, { signal: own.request.signal });
      if (answer.ok && !answer.redirected) page = new DOMParser().parseFromString(await answer.text(), "text/html");
    } catch {
      // The browser asks again and says in its own words what is wrong.
    }
    if (awaited !== own) return;
    if (!page || !hasOurAssets(page)) {
      // What is typed is lost, but it opens nothing else until the page has come.
      setTimeout(() => { if (awaited === own) forget(); }, AWAITED_MS);
      location.assign(link.href);
      return;
    }
    awaited = null;
    takeThePlace(page, link);
    write(one("[autofocus]"), own.text);
  };
  // After an upgrade the form may need another script than the one that runs here.
  const hasOurAssets = (page) => {
    const assets = (root) => all("script[src], link[rel=stylesheet]", root.head).map((element) => element.getAttribute("src") ?? element.getAttribute("href"));
    return String(assets(page)) === String(assets(document));
  };
  const takeThePlace = (page, link) => {
    if (link.href === location.href) history.replaceState(null, "", link.href);
    else history.pushState(null, "", link.href);
    const { theme } = page.documentElement.dataset;
    if (theme) document.documentElement.dataset.theme = theme;
    else delete document.documentElement.dataset.theme;
    for (const meta of all("meta[name]", page.head)) {
      one(`meta[name="${meta.name}"]`)?.remove();
      document.head.append(meta);
    }
    shown = link.pathname;
    document.title = page.title;
    document.body.replaceWith(page.body);
    scrollTo(0, 0);
    for (const form of all("form[data-total]")) showTotal(form);
  };
  // Behind the name that stands there; each Tab or Enter goes on to the next field, as in the form itself: a number that was
  // typed after it must not be glued to the name.
  const write = (field, text) => {
    if (!field) return;
    text.split(NEXT_FIELD).forEach((part, place) => {
      field = (place > 0 && nextStop(field)) || field;
      field.focus();
      if (!part || !isTextField(field) || field.matches("select")) return;
      field.value += part;
      field.dispatchEvent(new Event("input", { bubbles: true }));
    });
  };
  // A key with Ctrl or Alt is a command of the browser, but for the signs of AltGr. A dead key does not say which accent it is,
  // and without a field to write into the browser puts none together: the letter behind it is kept without.
  const typeAhead = (event) => {
    if (!awaited) return false;
    if ((event.ctrlKey || event.metaKey || event.altKey) && !event.getModifierState("AltGraph")) return false;
    if (event.key === "Escape") forget();
    else if (event.key === "Backspace") awaited.text = awaited.text.slice(0, -1);
    else if (event.key === "Enter" || (event.key === "Tab" && !event.shiftKey)) awaited.text += NEXT_FIELD;
    else if (event.key.length === 1) awaited.text += event.key;
    else return false;
    event.preventDefault();
    return true;
  };
  // The page before it in the history is another one; a way within the page is none.
  let shown = location.pathname;
  window.addEventListener("popstate", () => { if (location.pathname !== shown) location.reload(); });

  // ---- Keyboard ----
  document.addEventListener("keydown", (event) => {
    if (typeAhead(event)) return;
    const scanning = trackScan(event);
    if (!event.defaultPrevented && event.key === "Enter" && moveOn(event)) return;
    if (event.defaultPrevented || scanning || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (walkResults(event)) event.preventDefault();
      return;
    }
    if (event.key === "Escape") {
      const box = event.target.closest?.("[data-fragment]") ?? one("[data-search-box]");
      const target = box && one(box.dataset.target);
      if (target?.childElementCount) target.innerHTML = "";
      else if (isTextField(event.target)) event.target.blur();
      return;
    }
    const group = event.target.closest?.("[data-digits]") ?? one("[data-digits]:focus-within") ?? null;
    if (/^[0-9]$/.test(event.key) && !isTextField(event.target) && !one("[data-pin]")) {
      const tile = one(`[data-digit="${event.key}"]`, group ?? document);
      if (tile) {
        event.preventDefault();
        (one("input", tile) ?? tile).click();
      }
      return;
    }
    if (isTextField(event.target)) return;
    if (event.key === "/") {
      const box = one("[data-search-box]");
      if (box) {
        event.preventDefault();
        box.focus();
        box.select();
      }
      return;
    }
    const owner = all("[data-key]").find((element) => element.dataset.key === event.key && !element.disabled);
    if (owner) {
      event.preventDefault();
      if ("typesOn" in owner.dataset) openInPlace(owner);
      else if (isTextField(owner)) owner.focus();
      else owner.click();
    }
  });

  // ---- PIN pad ----
  const showPinPads = () => {
    const input = one("[data-pin]");
    const pad = one("[data-pin-pad]");
    if (!input || !pad) return;
    pad.hidden = false;
    // On a tablet the pad is the keyboard; the system's own would cover it.
    if (matchMedia("(hover: none)").matches) input.inputMode = "none";
  };
  const typePin = (key) => {
    const input = one("[data-pin]");
    if (key === "back") input.value = input.value.slice(0, -1);
    else if (input.value.length < (input.maxLength > 0 ? input.maxLength : 12)) input.value += key;
  };

  // ---- Totals: a preview for the eye; the server computes the one that counts. ----
  const money = (minor, currency) => {
    const sign = minor < 0 ? "-" : "";
    const whole = String(Math.floor(Math.abs(minor) / 100));
    const cents = String(Math.abs(minor) % 100).padStart(2, "0");
    if (currency === "EUR") return `${sign}${whole.replace(/\B(?=(\d{3})+$)/g, ".")},${cents} €`;
    return `${currency} ${sign}${whole.replace(/\B(?=(\d{3})+$)/g, "'")}.${cents}`;
  };
  const agreedMinor = (tile) => {
    const typed = one(`[data-price-for="${CSS.escape(tile.value)}"]`, tile.closest("[data-item]") ?? document)?.value ?? "";
    const amount = Number(typed.replaceAll("'", "").replace(",", "."));
    return typed.trim() && Number.isFinite(amount) ? Math.round(amount * 100) : Number(tile.dataset.priceMinor);
  };
  const showTotal = (form) => {
    const sum = all("input[data-price-minor]:checked", form).reduce((total, tile) => total + agreedMinor(tile), 0);
    for (const output of all(form.dataset.total)) output.textContent = money(sum, form.dataset.currency || "CHF");
  };

  // ---- Clicks ----
  const addCopy = (button) => {
    const template = one(button.dataset.repeat);
    const end = one("[data-repeat-end]", button.form ?? document);
    if (!template || !end) return false;
    const index = Number(end.dataset.next ?? "1");
    end.dataset.next = String(index + 1);
    const holder = document.createElement("div");
    holder.innerHTML = template.innerHTML.replaceAll("__INDEX__", String(index)).replaceAll("__NUMBER__", String(index + 1));
    const copy = holder.firstElementChild;
    end.before(copy);
    (one("[data-autofocus]", copy) ?? one("input", copy))?.focus();
    return true;
  };
  document.addEventListener("click", (event) => {
    const target = event.target.closest?.("button, a, [data-fill]");
    if (!target) return;
    const data = target.dataset;
    if (target.closest("[data-pin-pad]") && data.pinKey) {
      typePin(data.pinKey);
    } else if (data.repeat) {
      if (addCopy(target)) event.preventDefault();
    } else if (data.remove) {
      const form = target.form;
      target.closest(data.remove)?.remove();
      event.preventDefault();
      if (form?.matches("[data-total]")) showTotal(form);
    } else if (data.dismiss) {
      target.closest(data.dismiss)?.remove();
      event.preventDefault();
    } else if (data.fill) {
      event.preventDefault();
      const form = target.closest("form");
      for (const [name, value] of Object.entries(JSON.parse(data.fill))) {
        const field = form?.elements.namedItem(name);
        if (field && "value" in field) {
          field.value = value;
          field.dispatchEvent(new Event("change", { bubbles: true }));
        }
      }
      if (data.shows && form) for (const shown of all(data.shows, form)) shown.hidden = false;
      if (data.fillFocus) one(data.fillFocus)?.focus();
      if (data.fillClear) { const box = one(data.fillClear); if (box) box.innerHTML = ""; }
    } else if (data.cookie) {
      event.preventDefault();
      document.cookie = `${data.cookie}; Path=/; Max-Age=31536000; SameSite=Strict`;
      if (data.themeValue !== undefined) {
        if (data.themeValue) document.documentElement.dataset.theme = data.themeValue;
        else delete document.documentElement.dataset.theme;
        for (const other of all("[data-theme-value]")) other.setAttribute("aria-pressed", String(other === target));
      } else {
        location.reload();
      }
    } else if ("printAndNote" in data) {
      event.preventDefault();
      window.print();
      const form = target.form;
      fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) }).catch(() => {});
    }
  });

  // ---- A ticket's page is as long as the ticket: roll paper is cut where the page ends. ----
  const cutTheSlip = () => {
    const slip = one(".slip-page");
    if (!slip) return;
    const millimetres = Math.ceil((slip.getBoundingClientRect().height * 25.4) / 96) + 8; // its margins, and a millimetre each for rounding
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(`@page slip { size: 80mm ${Math.max(millimetres, 60)}mm; margin: 3mm 4mm; }`);
    document.adoptedStyleSheets = [sheet];
  };
  cutTheSlip();
  window.addEventListener("beforeprint", cutTheSlip);

  // ---- Results over the page go away when somebody turns to the page. ----
  document.addEventListener("focusin", (event) => {
    const over = one("#quick-results");
    if (over?.childElementCount && !over.contains(event.target) && !event.target.matches("[data-search-box]")) over.innerHTML = "";
  });

  // ---- A form is sent once, however often an impatient glove taps. The button's own value still travels. ----
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method === "get") return;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "1";
  });
  window.addEventListener("pageshow", () => {
    awaited = null;
    for (const form of all("form[data-sent]")) delete form.dataset.sent;
    for (const form of all("form[data-total]")) showTotal(form);
  });

  showPinPads();
  document.documentElement.dataset.enhanced = "1";
})();
