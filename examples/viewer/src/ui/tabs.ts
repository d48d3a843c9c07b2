/**
 * Makes the buttons of a tab list work: with the mouse, the arrow keys, Home and End. Gives what chooses
 * a tab by its name.
 */
export function tabs(list: HTMLElement): (name: string) => void {
  const all = [...list.querySelectorAll<HTMLButtonElement>("[role=tab]")];
  const choose = (tab: HTMLButtonElement): void => {
    for (const other of all) {
      const chosen = other === tab;
      other.setAttribute("aria-selected", String(chosen));
      other.tabIndex = chosen ? 0 : -1;
      const panel = document.getElementById(other.getAttribute("aria-controls") ?? "");
      if (panel !== null) panel.hidden = !chosen;
    }
  };
  for (const [at, tab] of all.entries()) {
    tab.addEventListener("click", () => choose(tab));
    tab.addEventListener("keydown", (event) => {
      const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: all.length - 1 }[event.key];
      const next = to === undefined ? undefined : all[(to + all.length) % all.length];
      if (next === undefined) return;
      event.preventDefault();
      choose(next);
      next.focus();
    });
  }
  return (name) => {
    const tab = all.find((tab) => tab.dataset["tab"] === name);
    if (tab !== undefined) choose(tab);
  };
}
