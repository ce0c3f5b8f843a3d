// Inside Airflow's UI: follows its light or dark, and lets links to Airflow's own pages leave the frame.
(() => {
  "use strict";
  const outerDocument = () => {
    try {
      return window.parent !== window ? window.parent.document : null;
    } catch {
      return null; // framed by another origin: nothing to follow
    }
  };
  const outer = outerDocument();

  const follow = () => {
    const names = outer?.documentElement.classList;
    const theme = names?.contains("dark") ? "dark" : names?.contains("light") ? "light" : null;
    if (theme) document.documentElement.dataset.theme = theme;
    else delete document.documentElement.dataset.theme;
  };
  follow();
  if (outer) new MutationObserver(follow).observe(outer.documentElement, { attributes: true, attributeFilter: ["class"] });

  document.addEventListener("click", async (event) => {
    const copied = event.target.closest("[data-copy]");
    if (copied) {
      event.preventDefault();
      try {
        await navigator.clipboard.writeText(copied.dataset.copy);
        copied.dataset.done = "";
        setTimeout(() => delete copied.dataset.done, 1500);
      } catch {
        getSelection().selectAllChildren(copied.previousElementSibling); // no clipboard: selected, to be copied by hand
      }
      return;
    }
    // The frame's sandbox stops a link from replacing the page around it. A link of the outer document may do it.
    const link = event.target.closest("a[target=_top]");
    if (!link || !outer) return;
    event.preventDefault();
    const way = outer.createElement("a");
    way.href = link.href;
    outer.body.append(way);
    way.click();
    way.remove();
  });
})();
