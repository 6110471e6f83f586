import { fstatSync, writeSync } from "node:fs";

/** Prints results. Errors come as the "error" event of the stream. */
export function print(text: string): void {
  if (!isRegularFile()) {
    process.stdout.write(text);
    return;
  }
  // On a full disk the system may write a part; the stream of a regular file would take that for the whole.
  const bytes = new TextEncoder().encode(text);
  try {
    for (let done = 0; done < bytes.length; ) done += writeSync(process.stdout.fd, bytes, done);
  } catch (error) {
    process.stdout.emit("error", error);
  }
}

function isRegularFile(): boolean {
  try {
    return fstatSync(process.stdout.fd).isFile();
  } catch {
    return false;
  }
}

/** Whether the reader of a pipe has left, as `head` does. That is no fault: nobody wants the rest. */
export function isReaderGone({ code }: NodeJS.ErrnoException): boolean {
  return code === "EPIPE" || code === "ERR_STREAM_DESTROYED";
}
