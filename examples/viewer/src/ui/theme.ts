const CHOICES = ["auto", "light", "dark"] as const;
type Choice = (typeof CHOICES)[number];
const SIGNS: Record<Choice, string> = { auto: "◐", light: "☀", dark: "☾" };
const KEY = "streamgauge-theme";

/** Makes `button` go through light, dark and what the system says; `changed` is told of each change. */
export function theme(button: HTMLButtonElement, changed: () => void): void {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  let choice = remembered();
  const apply = (): void => {
    const resolved = choice === "auto" ? (dark.matches ? "dark" : "light") : choice;
    document.documentElement.dataset["theme"] = resolved;
    const text = `Colours: ${choice === "auto" ? "as the system" : choice}`;
    button.textContent = SIGNS[choice];
    button.title = text;
    button.setAttribute("aria-label", text);
    changed();
  };
  button.addEventListener("click", () => {
    choice = CHOICES[(CHOICES.indexOf(choice) + 1) % CHOICES.length] ?? "auto";
    try {
      localStorage.setItem(KEY, choice);
    } catch {
      // Storage is forbidden: the choice lasts as long as the page.
    }
    apply();
  });
  dark.addEventListener("change", apply);
  apply();
}

function remembered(): Choice {
  try {
    return CHOICES.find((choice) => choice === localStorage.getItem(KEY)) ?? "auto";
  } catch {
    return "auto";
  }
}
