import { type ErrorCode, StreamgaugeError } from "./errors.js";

/** Where the wasm comes from: an address, a response, its bytes, or a compiled module. */
export type WasmSource =
  | string
  | URL
  | Request
  | Response
  | BufferSource
  | WebAssembly.Module
  | Promise<Response | BufferSource | WebAssembly.Module>;

/** What wasm-bindgen generates, as far as the engine needs it. */
export interface Glue {
  default(options?: { module_or_path: WasmSource }): Promise<unknown>;
}

/** One wasm module: loaded once, and not used again after a trap. */
export class Engine<G extends Glue> {
  readonly #glue: G;
  readonly #wasm: URL;
  #starting: Promise<void> | undefined;
  #ready = false;
  #dead: StreamgaugeError | undefined;

  /** @param wasm Where the wasm is when nobody says so. */
  constructor(glue: G, wasm: URL) {
    this.#glue = glue;
    this.#wasm = wasm;
  }

  /**
   * Loads the wasm; later calls wait for the first. A failed load may be tried again: `unsupported` where it
   * cannot be compiled, else `not_found`.
   */
  start(source?: WasmSource): Promise<void> {
    this.#starting ??= this.#load(source).catch((error: unknown) => {
      this.#starting = undefined;
      throw error;
    });
    return this.#starting;
  }

  async #load(source: WasmSource | undefined): Promise<void> {
    try {
      await this.#glue.default({ module_or_path: source ?? (await atHome(this.#wasm)) });
    } catch (cause) {
      // Also where a content security policy forbids it.
      const code = cause instanceof WebAssembly.CompileError ? "unsupported" : "not_found";
      const message = `the wasm module cannot be loaded: ${String(cause)}`;
      throw new StreamgaugeError(code, message, undefined, undefined, { cause });
    }
    this.#ready = true;
  }

  /** Runs `body` on the module and turns what it throws into a `StreamgaugeError`. */
  call<T>(body: (glue: G) => T): T {
    if (this.#dead !== undefined) {
      throw this.#dead;
    }
    if (!this.#ready) {
      throw new StreamgaugeError("closed", "the module is not loaded: await init() first");
    }
    try {
      return body(this.#glue);
    } catch (thrown) {
      if (Array.isArray(thrown)) {
        const [code, message, file, line] = thrown as [ErrorCode, string, string?, number?];
        throw new StreamgaugeError(code, message, file, line);
      }
      if (thrown instanceof StreamgaugeError) {
        throw thrown;
      }
      // A trap, or a stack overflow: what is in the module's memory can no longer be trusted.
      this.#dead = new StreamgaugeError(
        "internal",
        `the module trapped and cannot be used any more: ${String(thrown)}`,
        undefined,
        undefined,
        { cause: thrown },
      );
      throw this.#dead;
    }
  }
}

/** What a platform whose `fetch` reads no files needs: the bytes of one. */
async function atHome(wasm: URL): Promise<WasmSource> {
  // Asked for at run time, so that no bundler looks for it.
  const node = typeof process === "undefined" ? undefined : process.getBuiltinModule?.("node:fs");
  return wasm.protocol === "file:" && node !== undefined ? node.promises.readFile(wasm) : wasm;
}
