// Draws each figure.chart from the table in it: the first column names the points, each other column is a series.
// A cell's data-value is its number; a row with data-gap is shaded. The arrow keys move from point to point.
(() => {
  "use strict";
  const drawn = [];
  const resolved = (name) => {
    const probe = document.createElement("span");
    probe.style.color = `var(${name})`;
    document.body.append(probe);
    const value = getComputedStyle(probe).color;
    probe.remove();
    return value;
  };

  const gaps = {
    id: "gaps",
    beforeDatasetsDraw(chart, _args, options) {
      const { ctx, chartArea: area, scales } = chart;
      const width = (area.right - area.left) / Math.max(chart.data.labels.length, 1);
      ctx.save();
      ctx.fillStyle = options.fill;
      for (const index of options.rows ?? []) {
        ctx.fillRect(scales.x.getPixelForValue(index) - width / 2, area.top, width, area.bottom - area.top);
      }
      ctx.restore();
    },
  };

  const read = (figure) => {
    const table = figure.querySelector("table");
    const heads = [...table.tHead.rows[0].cells].slice(1);
    const rows = [...table.tBodies[0].rows];
    return {
      labels: rows.map((row) => row.cells[0].dataset.short ?? row.cells[0].textContent.trim()),
      names: rows.map((row) => row.cells[0].textContent.trim()),
      gaps: rows.flatMap((row, index) => ("gap" in row.dataset ? [index] : [])),
      series: heads.map((head, column) => ({
        label: head.textContent.trim(),
        type: head.dataset.kind ?? "bar",
        shade: head.dataset.shade ?? String(column % 8),
        texts: rows.map((row) => row.cells[column + 1].textContent.trim()),
        data: rows.map((row) => {
          const { value } = row.cells[column + 1].dataset;
          return value === undefined || value === "" ? null : Number(value);
        }),
      })),
    };
  };

  const draw = (figure) => {
    const { labels, names, gaps: gapRows, series } = read(figure);
    const ink = resolved("--quiet");
    const line = resolved("--line");
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const chart = new Chart(figure.querySelector("canvas"), {
      data: {
        labels,
        datasets: series.map(({ label, type, data, shade }) => ({
          label,
          type,
          data,
          stack: type === "bar" ? "all" : label,
          backgroundColor: resolved(`--series-${shade}`),
          borderColor: resolved(`--series-${shade}`),
          borderWidth: type === "line" ? 2 : 0,
          pointRadius: type === "line" ? 1.5 : 0,
          order: type === "line" ? 0 : 1,
        })),
      },
      plugins: [gaps],
      options: {
        responsive: true,
        maintainAspectRatio: false,
        animation: still ? false : { duration: 250 },
        interaction: { mode: "index", intersect: false },
        scales: {
          x: { stacked: true, grid: { display: false }, ticks: { color: ink, maxRotation: 0, autoSkipPadding: 12 } },
          y: {
            stacked: true,
            beginAtZero: true,
            title: { display: true, text: figure.dataset.unit, color: ink },
            grid: { color: line },
            ticks: { color: ink, maxTicksLimit: 6 },
          },
        },
        plugins: {
          gaps: { rows: gapRows, fill: resolved("--warn-wash") },
          legend: { display: series.length > 1, labels: { color: ink, boxWidth: 12, boxHeight: 12 } },
          tooltip: {
            callbacks: {
              title: ([point]) => names[point.dataIndex],
              label: (point) => `${point.dataset.label}: ${series[point.datasetIndex].texts[point.dataIndex]}`,
            },
          },
        },
      },
    });
    drawn.push(chart);
  };

  const step = (event) => {
    const chart = Chart.getChart(event.target);
    const move = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!chart || !move) return;
    event.preventDefault();
    const last = chart.data.labels.length - 1;
    const now = chart.getActiveElements()[0]?.index ?? (move > 0 ? -1 : last + 1);
    const index = Math.min(Math.max(now + move, 0), last);
    const points = chart.data.datasets.map((_set, datasetIndex) => ({ datasetIndex, index }));
    chart.setActiveElements(points);
    chart.tooltip.setActiveElements(points, { x: 0, y: 0 });
    chart.update("none");
  };

  const drawAll = () => {
    for (const chart of drawn.splice(0)) chart.destroy();
    document.querySelectorAll("figure.chart").forEach(draw);
  };
  document.addEventListener("DOMContentLoaded", () => {
    drawAll();
    document.addEventListener("keydown", step);
    new MutationObserver(drawAll).observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
  });
})();
