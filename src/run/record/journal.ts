import { AppendFile } from "../../files/append-file.ts";
import { writeAtomic } from "../../files/atomic-write.ts";
import { readTextIfPresent } from "../../files/read-text.ts";

/** Appended lines survive a killed process at once, and a power failure after at most this long. */
const syncMs = 5000;

/** A journal as read from disk. */
export interface FoundJournal {
  /** Fingerprint of the record to which its lines belong. */
  readonly of: string;
  readonly lines: readonly unknown[];
}

/** JSON lines appended beside a record during a run, so that the record need not be rewritten each time. */
export class Journal {
  private readonly lines: AppendFile;
  private size = 0;
  private syncedAt = performance.now();

  private constructor(lines: AppendFile) {
    this.lines = lines;
  }

  /** Starts a journal, replacing an older one. @param of - fingerprint of the record to which its lines belong */
  static async begin(file: string, of: string): Promise<Journal> {
    await writeAtomic(file, `${JSON.stringify({ journal: 1, of })}\n`);
    return new Journal(await AppendFile.open(file));
  }

  /** Bytes appended. */
  get bytes(): number {
    return this.size;
  }

  /** @param line - JSON text */
  async append(line: string): Promise<void> {
    const bytes = new TextEncoder().encode(`${line}\n`);
    await this.lines.append(bytes);
    this.size += bytes.length;
    if (performance.now() - this.syncedAt < syncMs) return;
    await this.lines.sync();
    this.syncedAt = performance.now();
  }

  async close(): Promise<void> {
    await this.lines.close();
  }
}

/**
 * The lines of a journal. The last one may be cut short by a killed run, and any may be damaged by a power failure: they are skipped,
 * and the work they recorded is done again.
 *
 * @returns undefined when there is none
 */
export async function readJournal(file: string): Promise<FoundJournal | undefined> {
  const text = await readTextIfPresent(file);
  const [head, ...lines] = (text ?? "").split("\n").slice(0, -1).flatMap(parsed);
  const { of } = (head ?? {}) as { readonly of?: unknown };
  return typeof of === "string" ? { of, lines } : undefined;
}

function parsed(line: string): unknown[] {
  try {
    return [JSON.parse(line)];
  } catch {
    return [];
  }
}
