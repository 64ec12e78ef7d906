/* The script of the report's pages: language, theme, search, and the figures.

   Everything is inside one function: the runtime of the charts declares global names. Nothing is
   fetched; data come from scripts (window.lctReport) or from a block of JSON in the page. Text from
   data only ever becomes the text of an element, never markup. */
(function () {
  "use strict";

  const root = document.documentElement;
  const report = (window.lctReport = window.lctReport || {});
  const query = new URLSearchParams(window.location.search);
  const TAGS = { en: "en", zh: "zh-Hans" };
  const LOCALES = { en: "en-GB", zh: "zh-CN" };
  // as the scales of shapes in charts.py
  const MARKS = { distances: ["○", "✚"], curve: ["●", "▲", "◆"], bars: ["■"], ranked: ["■"] };
  const MARKS_OF_LINES = ["●", "■", "▲"];
  let language = "en";

  // ---- what the reader has chosen, kept where the browser allows it ----------------------------

  function kept(name) {
    try {
      return window.localStorage.getItem("lct-" + name);
    } catch (refused) {
      return null;
    }
  }

  function keep(name, value) {
    try {
      window.localStorage.setItem("lct-" + name, value);
    } catch (refused) {
      // a page opened from a file may not be allowed to keep anything
    }
  }

  function choose(name, allowed, otherwise) {
    const wanted = query.get(name) || kept(name);
    return allowed.includes(wanted) ? wanted : otherwise;
  }

  function applyLanguage(chosen) {
    language = chosen;
    root.dataset.language = chosen;
    root.lang = TAGS[chosen];
  }

  function applyTheme(chosen) {
    root.dataset.theme = chosen;
  }

  // before anything is painted
  applyLanguage(
    choose("language", ["en", "zh"], (navigator.language || "").startsWith("zh") ? "zh" : "en"),
  );
  applyTheme(
    choose(
      "theme",
      ["light", "dark"],
      window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light",
    ),
  );

  // ---- elements --------------------------------------------------------------------------------

  function element(tag, attributes, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
      if (value !== null && value !== undefined && value !== false) made.setAttribute(name, value);
    }
    made.append(...children);
    return made;
  }

  const inLanguage = (pair) => (pair ? pair[language === "en" ? 0 : 1] : "");
  const word = (code) => inLanguage(report.words[code]) || code;

  // ---- numbers in the reader's form ------------------------------------------------------------

  function significant(value, digits) {
    const form = { maximumSignificantDigits: digits };
    return new Intl.NumberFormat(LOCALES[language], form).format(value).replace("-", "\u2212");
  }

  function fixed(value, digits) {
    const form = { minimumFractionDigits: digits, maximumFractionDigits: digits };
    return new Intl.NumberFormat(LOCALES[language], form).format(value).replace("-", "\u2212");
  }

  // smallest amount, divisor, the unit's words: as in wording.py
  const AMOUNTS = {
    en: [
      [1e12, "trillion_usd"],
      [1e9, "billion_usd"],
      [1e6, "million_usd"],
      [1e3, "thousand_usd"],
      [1, "usd"],
    ],
    zh: [
      [1e8, "hundred_million_usd"],
      [1e4, "ten_thousand_usd"],
      [1, "usd"],
    ],
  };

  const DOLLARS = { usd: 1, billion_usd: 1e9 };

  /* How values of a unit are drawn and written: factor for the axis, words of the axis, text. */
  function measureOf(unit, largest) {
    if (unit in DOLLARS) {
      const usd = DOLLARS[unit];
      const ladder = AMOUNTS[language];
      const [size, code] =
        ladder.find(([least]) => largest * usd >= least) || ladder[ladder.length - 1];
      return {
        factor: usd / size,
        title: word("unit_" + code),
        text: (value) => money(value * usd),
      };
    }
    const title = word("unit_" + unit);
    if (unit === "share") {
      return { factor: 100, title, text: (value) => fixed(100 * value, 1) + "\u2009%" };
    }
    if (unit === "percent") {
      return { factor: 1, title, text: (value) => fixed(value, 1) + "\u2009%" };
    }
    return { factor: 1, title, text: (value) => significant(value, 3) };
  }

  function money(usd) {
    const size = Math.abs(usd);
    const ladder = AMOUNTS[language];
    const [least, code] = ladder.find(([x]) => size >= x) || ladder[ladder.length - 1];
    const text = word("amount_" + code).replace("{}", significant(size / least, 3));
    return usd < 0 ? "\u2212" + text : text;
  }

  function timeText(x) {
    if (typeof x !== "string") return x === undefined || x === null ? "" : String(x);
    const date = new Date(x + "T00:00:00Z");
    const form = { year: "numeric", month: "long", timeZone: "UTC" };
    return new Intl.DateTimeFormat(LOCALES[language], form).format(date);
  }

  // ---- a figure's rows -------------------------------------------------------------------------

  function figuresOfPage() {
    const block = document.getElementById("figures");
    const isData = block && block.type === "application/json";
    return isData ? JSON.parse(block.textContent) : report.figures || {};
  }

  /* Rows as objects, those that the switches choose. */
  function chosenRows(figure) {
    return figure.all.filter((row) =>
      Object.entries(figure.choices).every(([column, value]) => row[column] === value),
    );
  }

  function rowsOfPanel(figure, panel) {
    let rows = chosenRows(figure).filter((row) =>
      Object.entries(panel.where).every(([column, value]) => row[column] === value),
    );
    if (panel.chart === "ranked" && figure.data.slider) {
      rows = rows.filter((row) => row.x === figure.x);
    }
    return rows;
  }

  function nameOf(figure, code) {
    const series = figure.data.series[code];
    if (figure.data.names[code]) return inLanguage(figure.data.names[code]);
    return series ? inLanguage(series.name) : String(code);
  }

  /* What the tooltip says beside the value: the year, the choices of a specification. */
  function placeOf(figure, row) {
    if (row.choices !== undefined) return row.choices.split(" ").map(word).join(", ");
    if (row.note !== undefined && row.item !== undefined) {
      return figure.data.names[row.note] ? nameOf(figure, row.note) : String(row.note ?? "");
    }
    return timeText(row.x);
  }

  /* The rows as a chart reads them. */
  function drawnRows(figure, panel, measure) {
    const order = Object.keys(figure.data.series);
    return rowsOfPanel(figure, panel).map((row) => {
      const drawn = {
        x: typeof row.x === "string" ? Date.parse(row.x) : row.x,
        series: row.series,
        value: row.value * measure.factor,
        name: nameOf(figure, row.item === undefined ? row.series : row.item),
        at: placeOf(figure, row),
        label: measure.text(row.value),
        order: order.indexOf(row.series),
        chain: row.chain ?? 0,
      };
      if (row.low !== undefined) {
        drawn.low = row.low;
        drawn.high = row.high;
        drawn.label += ` (${measure.text(row.low)} – ${measure.text(row.high)})`;
      }
      if (panel.chart === "ranked" && row.note) drawn.label += " · " + nameOf(figure, row.note);
      return drawn;
    });
  }

  // ---- drawing ---------------------------------------------------------------------------------

  /* A specification with its places filled: see `resolved` in charts.py. */
  function filled(value, places) {
    if (Array.isArray(value)) {
      const isPlace = value.length === 1 && typeof value[0] === "string" && value[0] in places;
      return isPlace ? places[value[0]] : value.map((each) => filled(each, places));
    }
    if (value && typeof value === "object") {
      return Object.fromEntries(
        Object.entries(value).map(([key, each]) => [key, filled(each, places)]),
      );
    }
    return value;
  }

  function specificationOf(figure, panel, rows, width) {
    const years = rows.map((row) => row.x).filter((x) => x !== undefined && x !== null);
    const first = Math.min(...years);
    const span = Math.max(...years) - first + 1;
    const step = [1, 2, 3, 5, 10, 20].find((size) => (width - 40) / (span / size) > 42) || 50;
    const series = figure.data.series;
    const places = {
      "@domain": Object.keys(series),
      "@range": Object.values(series).map((s) => `var(--hue-${s.hue})`),
      "@years":
        panel.chart === "bars" && years.length
          ? Array.from({ length: span }, (_, i) => first + i)
          : [],
      "@ticks": span < 1000 ? Array.from({ length: Math.ceil(span / step) }, (_, i) => first + i * step) : [],
    };
    const spec = filled(report.charts.specifications[panel.chart], places);
    const lines = new Set(rows.map((row) => row.name)).size;
    const height = report.charts.heights[panel.chart] || Math.min(260, 120 + width / 3);
    spec.data = { name: "rows", values: rows };
    spec.width = width;
    spec.height = report.charts.byLine.includes(panel.chart) ? height * lines + 24 : height;
    spec.autosize = { type: "fit", contains: "padding" };
    spec.config = report.charts.configuration;
    if (panel.chart === "ranked") leaveRoomForLabels(spec, rows, width);
    for (const parameter of spec.params || []) parameter.value = figure.x ?? 0;
    return spec;
  }

  /* Names take at most a third of the width, and the longest bar leaves room for its value. */
  function leaveRoomForLabels(spec, rows, width) {
    const largest = Math.max(...rows.map((row) => row.value), 0);
    const longest = Math.max(...rows.map((row) => textWidth(row.label)), 0);
    const names = Math.max(...rows.map((row) => textWidth(row.name)), 0);
    const limit = Math.min(names + 4, width * 0.36);
    const room = Math.max(width - limit - longest - 16, 40);
    for (const layer of spec.layer) {
      layer.encoding.y.axis = { ...(layer.encoding.y.axis || {}), labelLimit: limit };
      if (layer.encoding.x.field === "value") {
        layer.encoding.x.scale = { domain: [0, (largest * (width - limit)) / room || 1] };
      }
    }
  }

  /* About what a text of 12 pixels is wide: a Chinese character is a square. */
  function textWidth(text) {
    let width = 0;
    for (const character of text) width += character > "\u2e80" ? 12.2 : 6.9;
    return width;
  }

  function showTooltip(handler, event, item, value) {
    const box = document.getElementById("tooltip");
    if (!value) {
      box.hidden = true;
      return;
    }
    const [name, at, label] = Object.values(value).map(String);
    box.replaceChildren(
      element("b", {}, name),
      element("span", {}, at === "undefined" ? "" : at),
      element("span", { class: "value" }, label),
    );
    box.hidden = false;
    const left = Math.min(event.clientX + 14, window.innerWidth - box.offsetWidth - 8);
    const top = Math.min(event.clientY + 14, window.innerHeight - box.offsetHeight - 8);
    box.style.left = Math.max(left, 4) + "px";
    box.style.top = Math.max(top, 4) + "px";
  }

  async function drawPanel(figure, place) {
    const panel = figure.data.panels[place];
    const plot = figure.element.querySelector(`.plot[data-panel="${place}"]`);
    const holder = plot.closest(".panel");
    const raw = rowsOfPanel(figure, panel);
    const measure = measureOf(panel.unit, Math.max(...raw.map((r) => Math.abs(r.value)), 0));
    const unit = holder.querySelector(".unit");
    if (unit) unit.textContent = measure.title;
    figure.measures[place] = measure;
    if (figure.views[place]) figure.views[place].finalize();
    if (!raw.length) {
      figure.views[place] = null;
      plot.removeAttribute("role");
      plot.replaceChildren(element("p", { class: "empty" }, word("no_rows")));
      return;
    }
    const rows = drawnRows(figure, panel, measure);
    const width = Math.max(plot.clientWidth, 200);
    plot.setAttribute("role", "img");
    plot.setAttribute("aria-label", `${word("chart_of")} ${inLanguage(figure.data.title)}`);
    // the old chart goes before the new one is there: nothing below may jump meanwhile
    plot.style.minHeight = plot.offsetHeight + "px";
    const embedded = await window.vegaEmbed(plot, specificationOf(figure, panel, rows, width), {
      mode: "vega-lite",
      renderer: "svg",
      actions: false,
      ast: true,
      defaultStyle: false,
      tooltip: showTooltip,
    });
    plot.style.minHeight = "";
    figure.views[place] = embedded.view;
    // the plot has a name and the table below the numbers: its parts would only be noise
    plot.querySelector("svg").setAttribute("aria-hidden", "true");
  }

  async function draw(figure) {
    figure.isAsked = true;
    figure.width = figure.element.clientWidth;
    fitSlider(figure);
    await Promise.all(figure.data.panels.map((_, place) => drawPanel(figure, place)));
    showReadout(figure);
    if (figure.element.querySelector(".alternative[open]")) showAlternative(figure);
    figure.element.classList.add("drawn");
    if (!report.firstFigure) report.firstFigure = performance.now();
  }

  // ---- slider and readout ----------------------------------------------------------------------

  function fitSlider(figure) {
    const slider = figure.slider;
    if (!slider) return;
    const years = [...new Set(chosenRows(figure).map((row) => row.x))].sort((a, b) => a - b);
    if (!years.length) return;
    slider.min = years[0];
    slider.max = years[years.length - 1];
    if (figure.x === undefined) figure.x = years[years.length - 1];
    figure.x = years.reduce((best, year) =>
      Math.abs(year - figure.x) < Math.abs(best - figure.x) ? year : best,
    );
    slider.value = figure.x;
    slider.closest("label").querySelector("output").textContent = figure.x;
  }

  function moveTo(figure, year) {
    figure.x = year;
    fitSlider(figure);
    if (figure.data.panels.some((panel) => panel.chart === "ranked")) {
      draw(figure);
      return;
    }
    for (const view of figure.views) if (view) view.signal("year", figure.x).run();
    showReadout(figure);
    if (figure.element.querySelector(".alternative[open]")) showAlternative(figure);
  }

  function swatch(figure, code) {
    const codes = Object.keys(figure.data.series);
    const chart = figure.data.panels[0].chart;
    const marks = MARKS[chart] || MARKS_OF_LINES;
    const mark = marks[codes.indexOf(code) % marks.length];
    const hue = figure.data.series[code].hue;
    return element("span", { class: `swatch hue-${hue}`, "aria-hidden": "true" }, mark);
  }

  /* The legend; where there is a slider with the values of its year, ours and the printed ones. */
  function showReadout(figure) {
    const box = figure.element.querySelector(".readout");
    const codes = Object.keys(figure.data.series);
    const isByYear = figure.data.slider && figure.data.panels[0].chart !== "ranked";
    if (figure.data.panels[0].chart === "curve") return;
    if (!isByYear) {
      const items = codes.map((c) => element("li", {}, swatch(figure, c), " ", nameOf(figure, c)));
      box.replaceChildren(...(codes.length > 1 ? [element("ul", { class: "legend" }, ...items)] : []));
      return;
    }
    const panels = figure.data.panels.map((panel, place) => ({
      measure: figure.measures[place],
      rows: rowsOfPanel(figure, panel).filter((row) => row.x === figure.x),
      title: figure.element.querySelectorAll(".panel-title b")[place],
    }));
    const isPrinted = panels.some((p) => p.rows.some((row) => row.printed != null));
    const heads = panels.flatMap((p) => [
      p.title ? p.title.cloneNode(true).childNodes : [word("value")],
      ...(isPrinted ? [[word("printed")]] : []),
    ]);
    const head = element(
      "tr",
      {},
      element("th", { scope: "col" }, String(figure.x)),
      ...heads.map((nodes) => element("th", { scope: "col", class: "n" }, ...nodes)),
    );
    const shown = codes.slice();
    if (figure.data.panels[0].chart === "bars") shown.reverse();
    const lines = shown.map((code) => {
      const cells = panels.flatMap((p) => {
        const row = p.rows.find((r) => r.series === code);
        const own = element("td", { class: "n" }, row ? p.measure.text(row.value) : "–");
        if (!isPrinted) return [own];
        const hasPrinted = row && row.printed != null;
        const text = hasPrinted ? p.measure.text(row.printed) : "–";
        return [own, element("td", { class: "n" }, text)];
      });
      const name = element("th", { scope: "row" }, swatch(figure, code), " ", nameOf(figure, code));
      return element("tr", {}, name, ...cells);
    });
    const landed = panels.flatMap((p) => p.rows).find((row) => row.products_landed != null);
    const note = landed
      ? word("products_landed")
          .replace("{n}", landed.products_landed)
          .replace("{all}", landed.products_in_list)
          .replace("{year}", figure.x)
      : "";
    box.replaceChildren(
      element("table", {}, element("thead", {}, head), element("tbody", {}, ...lines)),
      ...(note ? [element("p", { class: "landed" }, note)] : []),
    );
  }

  // ---- the same as a table, and downloads ------------------------------------------------------

  function showAlternative(figure) {
    const { data } = figure;
    const many = data.panels.length > 1;
    const shown = data.panels.flatMap((panel, place) =>
      rowsOfPanel(figure, panel).map((row) => ({ row, place })),
    );
    const has = (column) => shown.some(({ row }) => row[column] !== undefined);
    const heads = [
      ...(many ? [""] : []),
      ...(has("item") ? [""] : []),
      ...(has("x") ? [inLanguage(data.labels.x)] : []),
      inLanguage(data.labels.series),
      word("value"),
      ...(has("low") ? [word("low"), word("high"), word("choices")] : []),
      ...(has("printed") ? [word("printed")] : []),
    ];
    const titles = figure.element.querySelectorAll(".panel-title b");
    const body = shown.map(({ row, place }) => {
      const text = figure.measures[place].text;
      const number = (v) => element("td", { class: "n", "data-v": v }, v == null ? "–" : text(v));
      return element(
        "tr",
        {},
        ...(many ? [element("td", {}, ...titles[place].cloneNode(true).childNodes)] : []),
        ...(has("item") ? [element("td", {}, linked(figure, row.item))] : []),
        ...(has("x") ? [element("td", {}, timeText(row.x))] : []),
        element("td", {}, nameOf(figure, row.note && data.names[row.note] ? row.note : row.series)),
        number(row.value),
        ...(has("low") ? [number(row.low), number(row.high)] : []),
        ...(has("low") ? [element("td", {}, placeOf(figure, row))] : []),
        ...(has("printed") ? [number(row.printed)] : []),
      );
    });
    const head = element("tr", {}, ...heads.map((text) => element(text ? "th" : "td", text ? { scope: "col" } : {}, text)));
    figure.element
      .querySelector(".alternative .scroll")
      .replaceChildren(
        element("table", {}, element("thead", {}, head), element("tbody", {}, ...body)),
      );
  }

  function linked(figure, code) {
    const name = nameOf(figure, code);
    const link = figure.data.links[code];
    return link ? element("a", { href: link }, name) : name;
  }

  function quoted(value) {
    const text = value === null || value === undefined ? "" : String(value);
    return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  }

  /* Lines of comma-separated values; invented numbers say so in a column of their own. */
  function asCsv(head, rows) {
    const isSynthetic = document.querySelector(".synthetic") !== null;
    const note = isSynthetic ? [word("synthetic")] : [];
    const lines = [[...head, ...(isSynthetic ? ["note"] : [])], ...rows.map((r) => [...r, ...note])];
    return "\ufeff" + lines.map((line) => line.map(quoted).join(",")).join("\r\n") + "\r\n";
  }

  function download(name, type, text) {
    const address = URL.createObjectURL(new Blob([text], { type }));
    const link = element("a", { href: address, download: name });
    document.body.append(link);
    link.click();
    link.remove();
    window.setTimeout(() => URL.revokeObjectURL(address), 10000);
  }

  function downloadFigureCsv(figure) {
    const text = asCsv(figure.data.columns, figure.data.rows);
    download(fileName(figure.element.id, "csv"), "text/csv", text);
  }

  function downloadTableCsv(section) {
    const texts = (row) =>
      [...row.cells].map((cell) => cell.dataset.v || visibleText(cell).trim());
    const [head, ...rows] = [...section.querySelector("table").rows];
    download(fileName(section.id, "csv"), "text/csv", asCsv(texts(head), rows.map(texts)));
  }

  function visibleText(cell) {
    const copy = cell.cloneNode(true);
    const other = language === "en" ? TAGS.zh : TAGS.en;
    for (const hidden of copy.querySelectorAll(`span[lang="${other}"]`)) hidden.remove();
    return copy.textContent;
  }

  /* All panels one below the other, with colours in place of the style sheet's variables. */
  async function downloadSvg(figure) {
    const style = getComputedStyle(root);
    const views = figure.views.filter(Boolean);
    const pictures = await Promise.all(views.map((view) => view.toSVG()));
    let top = 56;
    let width = 320;
    const parts = pictures.map((picture) => {
      const [, w, h] = picture.match(/width="([\d.]+)" height="([\d.]+)"/);
      const part = picture.replace("<svg ", `<svg x="0" y="${top}" `);
      top += Number(h) + 12;
      width = Math.max(width, Number(w));
      return part;
    });
    const escaped = (text) =>
      text.replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);
    const notice = document.querySelector(".synthetic") ? word("synthetic") : "";
    const text =
      `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${top}" ` +
      `font-family="sans-serif"><rect width="100%" height="100%" fill="var(--paper)"/>` +
      `<text x="8" y="22" font-size="15" fill="var(--ink)">` +
      `${escaped(inLanguage(figure.data.title))}</text>` +
      `<text x="8" y="42" font-size="12" fill="var(--hue-1)">${escaped(notice)}</text>` +
      `${parts.join("")}</svg>`;
    const coloured = text.replace(/var\((--[\w-]+)\)/g, (_, name) =>
      style.getPropertyValue(name).trim(),
    );
    download(fileName(figure.element.id, "svg"), "image/svg+xml", coloured);
  }

  function fileName(anchor, extension) {
    const mark = document.querySelector(".synthetic") ? "SYNTHETIC-" : "";
    const page = window.location.pathname.split("/").pop().replace(/\.html$/, "");
    return `${mark}${page}-${anchor}.${extension}`;
  }

  // ---- language, theme, search -----------------------------------------------------------------

  // not the rows below a chart, which are replaced when it is drawn again
  const PLACES = ["h1", "h2", "h3", "p", "[data-table] tr"]
    .map((place) => `#content ${place}`)
    .join(", ");

  /* What is at the top of the window stays there, though the text above it becomes shorter. */
  function keepingPlace(change) {
    const top = (mark) => mark.getBoundingClientRect().top;
    const marks = [...document.querySelectorAll(PLACES)];
    const first = marks.find((mark) => mark.getBoundingClientRect().bottom > 80);
    const before = first ? top(first) : 0;
    const settle = (frames) => {
      if (first) window.scrollBy({ top: top(first) - before, behavior: "instant" });
      // browsers keep a place of their own, in the next frame: the last word is ours
      if (frames) window.requestAnimationFrame(() => settle(frames - 1));
    };
    change();
    settle(3);
  }

  function showLanguage() {
    const { titleEn, titleZh } = document.body.dataset;
    document.title = language === "en" ? titleEn : titleZh;
    const other = language === "en" ? "zh" : "en";
    const button = document.getElementById("language");
    button.textContent = other === "zh" ? "中文" : "English";
    button.lang = TAGS[other];
    for (const option of document.querySelectorAll("option[data-en]")) {
      option.textContent = option.dataset[language];
    }
    const field = document.getElementById("search");
    field.placeholder = language === "en" ? field.dataset.placeholderEn : field.dataset.placeholderZh;
  }

  function switchLanguage(figures) {
    keepingPlace(() => {
      applyLanguage(language === "en" ? "zh" : "en");
      keep("language", language);
      showLanguage();
      search();
    });
    for (const figure of figures) if (figure.isAsked) draw(figure);
  }

  function switchTheme() {
    const chosen = root.dataset.theme === "dark" ? "light" : "dark";
    applyTheme(chosen);
    keep("theme", chosen);
    showTheme();
  }

  function showTheme() {
    const isDark = root.dataset.theme === "dark";
    document.getElementById("theme").setAttribute("aria-pressed", String(isDark));
  }

  const FOUND_AT_MOST = 12;

  function search() {
    const field = document.getElementById("search");
    const box = document.querySelector(".found");
    const wanted = field.value.trim().toLowerCase();
    box.hidden = wanted === "";
    if (!wanted) return;
    const place = (page) => {
      const texts = page.slice(1).map((text) => String(text).toLowerCase());
      if (texts.some((text) => text === wanted)) return 0;
      if (texts.some((text) => text.startsWith(wanted))) return 1;
      return texts.some((text) => text.includes(wanted)) ? 2 : 3;
    };
    const found = report.pages
      .map((page) => [place(page), page])
      .filter(([at]) => at < 3)
      .sort((a, b) => a[0] - b[0]);
    const links = found.slice(0, FOUND_AT_MOST).map(([, [path, en, zh, code]]) =>
      element(
        "li",
        {},
        element(
          "a",
          { href: document.body.dataset.root + path },
          element("span", {}, inLanguage([en, zh])),
          " ",
          element("small", {}, code),
        ),
      ),
    );
    box.querySelector("ul").replaceChildren(...links);
    box.querySelector(".count").textContent = found.length
      ? word("search_results").replace("{n}", found.length).replace("{shown}", links.length)
      : word("search_none");
  }

  function moveInSearch(event) {
    const links = [...document.querySelectorAll(".found a")];
    const field = document.getElementById("search");
    if (event.key === "Escape") {
      field.value = "";
      search();
      field.focus();
    } else if (event.key === "Enter" && event.target === field && links.length) {
      window.location.href = links[0].href;
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const step = event.key === "ArrowDown" ? 1 : -1;
      const at = [field, ...links];
      const next = at[at.indexOf(document.activeElement) + step];
      if (next) next.focus();
      event.preventDefault();
    }
  }

  /* A link to what is folded away opens it. */
  function unfold() {
    const target = document.getElementById(decodeURIComponent(window.location.hash.slice(1)));
    const fold = target && target.querySelector(":scope > details.fold");
    if (fold) fold.open = true;
  }

  // ---- start -----------------------------------------------------------------------------------

  function figureOf(holder, data) {
    const all = data.rows.map((values) =>
      Object.fromEntries(data.columns.map((column, place) => [column, values[place]])),
    );
    return {
      element: holder,
      data,
      all,
      choices: { ...data.switches },
      views: [],
      measures: [],
      slider: holder.querySelector(".slider input"),
      x: undefined,
      isAsked: false,
      width: 0,
    };
  }

  function listen(figure) {
    const { element: holder } = figure;
    holder.addEventListener("change", (event) => {
      const column = event.target.dataset.switch;
      if (!column) return;
      figure.choices[column] = event.target.value;
      draw(figure);
    });
    if (figure.slider) {
      figure.slider.addEventListener("input", () => moveTo(figure, Number(figure.slider.value)));
    }
    holder.addEventListener("click", (event) => {
      const action = event.target.closest("[data-action]");
      if (action && action.dataset.action === "csv") downloadFigureCsv(figure);
      if (action && action.dataset.action === "svg") draw(figure).then(() => downloadSvg(figure));
    });
    const alternative = holder.querySelector(".alternative");
    alternative.addEventListener("toggle", () => {
      if (alternative.open && !figure.measures.length) draw(figure);
      else if (alternative.open) showAlternative(figure);
    });
  }

  function drawWhenSeen(figures) {
    const byElement = new Map(figures.map((figure) => [figure.element, figure]));
    const seen = new IntersectionObserver(
      (entries) => {
        for (const entry of entries) {
          const figure = byElement.get(entry.target);
          if (entry.isIntersecting && !figure.isAsked) draw(figure);
        }
      },
      { rootMargin: "700px" },
    );
    let waiting = 0;
    const resized = new ResizeObserver(() => {
      window.clearTimeout(waiting);
      waiting = window.setTimeout(() => {
        for (const figure of figures) {
          const isOther = Math.abs(figure.element.clientWidth - figure.width) > 4;
          const isPrint = window.matchMedia("print").matches;
          if (figure.isAsked && isOther && !isPrint) draw(figure);
        }
      }, 150);
    });
    for (const figure of figures) seen.observe(figure.element);
    resized.observe(document.getElementById("content"));
  }

  function start() {
    document.body.append(element("div", { id: "tooltip", hidden: "", "aria-hidden": "true" }));
    showLanguage();
    showTheme();
    unfold();
    const data = figuresOfPage();
    const figures = [...document.querySelectorAll("[data-figure]")].map((holder) =>
      figureOf(holder, data[holder.dataset.figure]),
    );
    report.drawn = Object.fromEntries(figures.map((figure) => [figure.element.id, figure]));
    report.drawAll = () => Promise.all(figures.map((f) => (f.isAsked ? null : draw(f))));
    for (const figure of figures) listen(figure);
    drawWhenSeen(figures);
    for (const section of document.querySelectorAll("[data-table]")) {
      section.addEventListener("click", (event) => {
        if (event.target.closest("[data-action='table-csv']")) downloadTableCsv(section);
      });
    }
    document.getElementById("language").addEventListener("click", () => switchLanguage(figures));
    document.getElementById("theme").addEventListener("click", switchTheme);
    document.getElementById("search").addEventListener("input", search);
    document.querySelector(".search").addEventListener("keydown", moveInSearch);
    window.addEventListener("hashchange", unfold);
    const folds = [...document.querySelectorAll("details.fold")];
    window.addEventListener("beforeprint", () => {
      for (const fold of folds) {
        fold.dataset.wasOpen = fold.open;
        fold.open = true;
      }
    });
    window.addEventListener("afterprint", () => {
      for (const fold of folds) fold.open = fold.dataset.wasOpen === "true";
    });
  }

  document.addEventListener("DOMContentLoaded", start);
})();
