import { type FileHandle, open } from "node:fs/promises";
import { dirname } from "node:path";
import { makeFolder, writeFully, writing } from "./atomic-write.ts";

/** A file that grows during a run. Appended data are passed to the system at once, so a killed process loses at most the last part. */
export class AppendFile {
  private readonly file: string;
  private readonly handle: FileHandle;

  private constructor(file: string, handle: FileHandle) {
    this.file = file;
    this.handle = handle;
  }

  /** Opens a file at its end, or creates it. Makes the folder if needed. @throws OutputError, InputError as `writing` */
  static async open(file: string): Promise<AppendFile> {
    await makeFolder(dirname(file));
    const handle = await writing(file, () => open(file, "a"));
    return new AppendFile(file, handle);
  }

  async append(content: string | Uint8Array): Promise<void> {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    await writing(this.file, () => writeFully(this.handle, bytes));
  }

  /** Waits until the disk has it all, so that a power failure loses nothing either. */
  async sync(): Promise<void> {
    await writing(this.file, () => this.handle.datasync());
  }

  async close(): Promise<void> {
    await writing(this.file, () => this.handle.close());
  }
}
