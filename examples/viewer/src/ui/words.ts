import { StreamgaugeError } from "streamgauge/worker";

/** An error for people, with the place and the code that programs know it by. */
export function inWords(error: unknown): string {
  if (!(error instanceof StreamgaugeError)) {
    return error instanceof Error ? error.message : String(error);
  }
  const { code, message, file, line } = error;
  // Some messages begin with the line.
  const said = line === undefined || message.startsWith(`line ${line}`);
  const place = [file, said ? undefined : `line ${line}`].filter((part) => part);
  return `${place.length > 0 ? `${place.join(", ")}: ` : ""}${message} (${code}).`;
}
