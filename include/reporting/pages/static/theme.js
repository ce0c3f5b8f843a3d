// Follows Airflow's own light or dark where these pages stand inside its UI; else the browser decides.
(() => {
  "use strict";
  const outer = () => {
    try {
      return window.parent !== window ? window.parent.document.documentElement : null;
    } catch {
      return null; // framed by another origin: nothing to follow
    }
  };
  const follow = () => {
    const names = outer()?.classList;
    const theme = names?.contains("dark") ? "dark" : names?.contains("light") ? "light" : null;
    if (theme) document.documentElement.dataset.theme = theme;
    else delete document.documentElement.dataset.theme;
  };
  follow();
  const frame = outer();
  if (frame) new MutationObserver(follow).observe(frame, { attributes: true, attributeFilter: ["class"] });
})();
