// Chooses light or dark before the first paint. A classic script in the head, so that no wrong colour flashes up.
(() => {
  let chosen = null;
  try {
    chosen = localStorage.getItem("sensorium-theme");
  } catch {
    // Storage may be forbidden: then the system's choice holds.
  }
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
})();
