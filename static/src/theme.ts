// Runs before the first paint, so that a stored choice never flashes the other theme.
(() => {
  const root = document.documentElement;
  try {
    const theme = localStorage.getItem("patron.theme");
    if (theme === "light" || theme === "dark") root.dataset["theme"] = theme;
    if (localStorage.getItem("patron.sidebar") === "narrow") root.dataset["sidebar"] = "narrow";
  } catch {
    // Storage is blocked: the system's theme applies.
  }
  root.dataset["script"] = "on";
})();
