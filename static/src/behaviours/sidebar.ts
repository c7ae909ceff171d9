// Wide screens: the sidebar narrows to icons. Small screens: it slides in as a sheet.

function setSheet(isOpen: boolean): void {
  const sidebar = document.getElementById("sidebar");
  const main = document.getElementById("main");
  if (!sidebar || !main) return;
  const wasOpen = document.body.dataset["sheet"] === "open";
  document.body.dataset["sheet"] = isOpen ? "open" : "closed";
  main.inert = isOpen;
  for (const opener of document.querySelectorAll<HTMLElement>("[data-sheet-open]")) {
    opener.setAttribute("aria-expanded", String(isOpen));
    if (wasOpen && !isOpen) opener.focus();
  }
  if (isOpen) sidebar.querySelector<HTMLElement>("a, button")?.focus();
}

function toggleNarrow(): void {
  const root = document.documentElement;
  const isNarrow = root.dataset["sidebar"] !== "narrow";
  if (isNarrow) root.dataset["sidebar"] = "narrow";
  else delete root.dataset["sidebar"];
  try {
    localStorage.setItem("patron.sidebar", isNarrow ? "narrow" : "wide");
  } catch {
    // Storage is blocked: the choice holds for this page.
  }
}

export function startSidebar(): void {
  document.addEventListener("click", (event) => {
    if (!(event.target instanceof Element)) return;
    if (event.target.closest("[data-sheet-open]")) setSheet(true);
    else if (event.target.closest("[data-sheet-close]")) setSheet(false);
    else if (event.target.closest("[data-sidebar-toggle]")) toggleNarrow();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && document.body.dataset["sheet"] === "open") setSheet(false);
  });
  matchMedia("(min-width: 768px)").addEventListener("change", () => setSheet(false));
}
