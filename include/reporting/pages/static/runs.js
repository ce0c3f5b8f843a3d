// Lists the last run of each DAG, as Airflow's REST API shows it to the user who is logged in.
(() => {
  "use strict";
  // A note ends with links in Markdown, which Airflow draws; here the way to the run is enough.
  const LINK = /\s*\[[^\]]*\]\([^)]*\)/g;
  const show = async (place) => {
    const { root, none, failed } = place.dataset;
    const list = place.querySelector("ul");
    const said = (text) => list.replaceChildren(Object.assign(document.createElement("li"), { textContent: text }));
    const answer = await fetch(`${root}/api/v2/dags/~/dagRuns?order_by=-run_after&limit=100`);
    if (!answer.ok) return said(failed);
    const { dag_runs: runs } = await answer.json();
    const last = new Map();
    for (const run of runs) if (!last.has(run.dag_id)) last.set(run.dag_id, run);
    if (!last.size) return said(none);
    const rows = [...last.values()].sort((a, b) => a.dag_id.localeCompare(b.dag_id));
    list.replaceChildren(
      ...rows.map((run) => {
        const row = document.createElement("li");
        const name = document.createElement("span");
        const way = Object.assign(document.createElement("a"), {
          href: `${root}/dags/${run.dag_id}/runs/${encodeURIComponent(run.dag_run_id)}`,
          target: "_top",
          textContent: run.dag_id,
        });
        name.append(way);
        const note = (run.note ?? "").replace(LINK, "");
        if (note) name.append(Object.assign(document.createElement("span"), { className: "sub", textContent: note }));
        const state = Object.assign(document.createElement("span"), { className: `badge run-${run.state}`, textContent: run.state });
        row.append(name, state);
        return row;
      }),
    );
  };
  document.addEventListener("DOMContentLoaded", () => document.querySelectorAll("[data-runs]").forEach(show));
})();
