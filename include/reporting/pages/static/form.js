// Draws a DAG's form from its parameters, filled in from this page's address, and starts a run as the user who is
// logged in. Airflow's REST API checks the rights and the values; what it refuses is shown as it says it.
(() => {
  "use strict";
  const element = (name, properties = {}, ...children) => {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children.filter((child) => child !== undefined && child !== ""));
    return made;
  };
  // What a run is about: the first of these fields that is filled in. Airflow names a run by its time: the timetable that
  // makes the name (generate_run_id) does not see the form.
  const SUBJECTS = [
    "bill", "correction", "environment_name", "subscription", "environment", "gaps", "findings", "event", "records", "file", "period",
  ];
  const runId = (conf) => {
    const about = SUBJECTS.map((name) => String(conf[name] ?? "").trim()).find(Boolean) ?? "";
    const now = new Date().toISOString().replace(/\.\d+/, "");
    return ["manual", about.replace(/[^A-Za-z0-9_.~+-]+/g, "-").slice(0, 100), now].filter(Boolean).join("__");
  };
  const typesOf = (schema) => [schema.type ?? "string"].flat();

  const control = (name, { schema, value }, given) => {
    const types = typesOf(schema);
    const start = given ?? value ?? "";
    if (types.includes("boolean")) {
      return element("input", { type: "checkbox", name, checked: String(start) === "true" });
    }
    if (schema.enum) {
      const options = schema.enum.map((option) => {
        const said = schema.values_display?.[option] ?? option ?? "—";
        return element("option", { value: option ?? "", selected: String(option ?? "") === String(start) }, String(said));
      });
      return element("select", { name }, ...options);
    }
    if (types.includes("array") && !types.includes("string")) {
      const lines = Array.isArray(start) ? start.join("\n") : start;
      return element("textarea", { name, rows: 3, value: lines });
    }
    if ((schema.maxLength ?? 0) > 500 || schema.format === "multiline") {
      return element("textarea", { name, rows: 2, value: start, maxLength: schema.maxLength ?? -1 });
    }
    const isNumber = types.includes("integer") || types.includes("number");
    const input = element("input", { type: isNumber ? "number" : "text", name, value: start });
    if (schema.format === "date-time") input.placeholder = "2026-10-31T16:00:00Z";
    if (isNumber) Object.assign(input, { min: schema.minimum ?? "", max: schema.maximum ?? "", step: types.includes("integer") ? 1 : "any" });
    if (schema.maxLength) input.maxLength = schema.maxLength;
    if (schema.pattern) input.pattern = schema.pattern;
    if (schema.examples) {
      const list = element("datalist", { id: `known-${name}` }, ...schema.examples.map((one) => element("option", { value: one })));
      document.body.append(list);
      input.setAttribute("list", list.id);
    }
    return input;
  };

  const valueOf = (field, { schema }) => {
    const types = typesOf(schema);
    if (types.includes("boolean")) return field.checked;
    const said = field.value.trim();
    if (said === "") return types.includes("null") ? null : "";
    if (types.includes("array") && !types.includes("string")) return said.split("\n").map((line) => line.trim()).filter(Boolean);
    if (types.includes("integer") || types.includes("number")) return types.includes("string") ? said : Number(said);
    return said;
  };

  // A field that has to be filled in, and the rule that the browser names where a value breaks it.
  const guarded = (field, { schema, description }) => {
    const isText = field.type !== "checkbox" && field.tagName !== "SELECT";
    if (isText) Object.assign(field, { required: !typesOf(schema).includes("null"), title: description ?? "" });
    if (isText && schema.minLength) field.minLength = schema.minLength;
    return field;
  };

  // Airflow names a parameter and its schema; a person is shown the field, the value and its rule.
  const inWords = (text, words, params) => {
    const [, name, value] = text.match(/^Invalid input for param (\w+): ('.*?'|\S+)/) ?? [];
    if (!params?.[name]) return text.slice(0, 1000);
    return `${params[name].schema.title ?? name} ${value} ${words.refused} ${params[name].description ?? ""}`;
  };

  const said = async (answer, words, params) => {
    if (answer.status === 401) return words.login;
    if (answer.status === 403) return words.forbidden;
    let detail;
    try {
      ({ detail } = await answer.json());
    } catch {
      detail = `HTTP ${answer.status}`;
    }
    const text = typeof detail === "string" ? detail : (detail?.reason ?? JSON.stringify(detail));
    return inWords(text, words, params);
  };

  const build = async (place) => {
    const { dag, root, ...words } = place.dataset;
    const note = place.querySelector("[role=status]");
    const answer = await fetch(`${root}/api/v2/dags/${encodeURIComponent(dag)}/details`);
    if (!answer.ok) {
      note.textContent = await said(answer, words);
      return;
    }
    const { params, is_paused: isPaused } = await answer.json();
    const given = new URLSearchParams(location.search);
    const fields = new Map();
    const form = element("form", { className: "start" });
    for (const [name, param] of Object.entries(params ?? {})) {
      const field = guarded(control(name, param, given.get(name)), param);
      fields.set(name, field);
      const help = element("span", { className: "sub", textContent: param.description ?? "" });
      form.append(element("label", {}, element("span", { textContent: param.schema.title ?? name }), field, help));
    }
    const button = element("button", { textContent: words.start });
    form.append(button);
    note.textContent = isPaused ? words.paused : "";
    place.append(form);
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      button.disabled = true;
      note.textContent = words.starting;
      const conf = Object.fromEntries([...fields].map(([name, field]) => [name, valueOf(field, params[name])]));
      const started = await fetch(`${root}/api/v2/dags/${encodeURIComponent(dag)}/dagRuns`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ dag_run_id: runId(conf), logical_date: null, conf }),
      });
      if (!started.ok) {
        note.textContent = await said(started, words, params);
        button.disabled = false;
        return;
      }
      const { dag_run_id: run } = await started.json();
      const way = element("a", { href: `${root}/dags/${dag}/runs/${encodeURIComponent(run)}`, target: "_top", textContent: run });
      note.replaceChildren(`${words.started} `, way);
      form.remove();
    });
  };
  document.addEventListener("DOMContentLoaded", () => document.querySelectorAll("[data-dag]").forEach(build));
})();
