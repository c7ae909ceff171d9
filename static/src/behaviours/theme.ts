// The three-way choice of the user menu: system, light, dark.

type Theme = "system" | "light" | "dark";

function isTheme(value: string | undefined): value is Theme {
  return value === "system" || value === "light" || value === "dark";
}

function currentTheme(): Theme {
  const theme = document.documentElement.dataset["theme"];
  return isTheme(theme) ? theme : "system";
}

function showChoice(): void {
  const theme = currentTheme();
  for (const button of document.querySelectorAll<HTMLElement>("[data-theme-choice]")) {
    button.setAttribute("aria-pressed", String(button.dataset["themeChoice"] === theme));
  }
}

function chooseTheme(theme: Theme): void {
  const root = document.documentElement;
  if (theme === "system") delete root.dataset["theme"];
  else root.dataset["theme"] = theme;
  try {
    if (theme === "system") localStorage.removeItem("patron.theme");
    else localStorage.setItem("patron.theme", theme);
  } catch {
    // Storage is blocked: the choice holds for this page.
  }
  showChoice();
  document.dispatchEvent(new CustomEvent("patron:theme"));
}

export function startTheme(): void {
  showChoice();
  document.addEventListener("click", (event) => {
    if (!(event.target instanceof Element)) return;
    const choice = event.target.closest<HTMLElement>("[data-theme-choice]")?.dataset["themeChoice"];
    if (isTheme(choice)) chooseTheme(choice);
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    document.dispatchEvent(new CustomEvent("patron:theme"));
  });
}
