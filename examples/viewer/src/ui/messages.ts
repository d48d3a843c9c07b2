import { fill, h } from "./dom";

/** What went wrong or is worth knowing, above the page until it is dismissed. */
export class Messages {
  readonly #host: HTMLElement;

  constructor(host: HTMLElement) {
    this.#host = host;
  }

  /** Shows a message; `what` is in bold. */
  say(kind: "error" | "note", what: string, why: string): void {
    const close = h("button", { type: "button", class: "tool", "aria-label": "Dismiss" }, "✕");
    const message = h(
      "div",
      { class: `message ${kind}`, role: kind === "error" ? "alert" : "status" },
      h("p", {}, h("b", {}, what), ` ${why}`),
      close,
    );
    close.addEventListener("click", () => message.remove());
    this.#host.append(message);
  }

  clear(): void {
    fill(this.#host);
  }
}

/** What is going on: a line and a bar that is full at 1; `null` hides both. */
export class Status {
  readonly #text = h("span", {});
  readonly #bar = h("progress", { max: 1, "aria-label": "Progress" });
  readonly #host: HTMLElement;

  constructor(host: HTMLElement) {
    this.#host = host;
    fill(host, this.#text, this.#bar);
    host.hidden = true;
  }

  /** Without `done` nobody knows how far it is. */
  show(text: string | null, done?: number): void {
    this.#host.hidden = text === null;
    // A text that is set again would be read out again.
    if (text !== null && this.#text.textContent !== text) this.#text.textContent = text;
    if (done === undefined) this.#bar.removeAttribute("value");
    else this.#bar.value = done;
  }
}
