import { existsSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { z } from "zod";
import { ConfigError, InputError, OutputError } from "../../errors.ts";
import { remove, writeAtomically, writeFully } from "../../files/atomic-write.ts";
import { readTextIfPresent } from "../../files/read-text.ts";
import { litter } from "../../scans/litter.ts";
import { Journal, readJournal } from "./journal.ts";
import { removeRunLeftovers } from "./leftovers.ts";
import { FolderLock } from "./lock.ts";
import { otherCommand } from "./resume.ts";

/** Stands in every record. */
export const notice = "Research use only; not a medical device.";

/** A kind of record: its file name, its content, and the lines of its journal. */
export interface RecordKind<R extends object, L> {
  /** Such as `run.json`; the journal is beside it. */
  readonly file: string;
  /** Commands that write this record; the folder of another command is rejected with its name. */
  readonly commands?: readonly string[];
  /** Version, raised by changes after which an older program must not read the file. Files without a number precede version 1. */
  readonly version: number;
  readonly schema: z.ZodType<R>;
  /** One line of the journal. */
  readonly line: z.ZodType<L>;
  /** Differs between runs whose results must not be mixed: a journal belongs to the record with the same fingerprint. */
  readonly identity: (record: R) => string;
}

/** Record and journal of an earlier run. */
export interface Found<R, L> {
  readonly record: R;
  /** Lines that the journal adds to it, oldest first. A line may repeat what the record already holds. */
  readonly lines: readonly L[];
  readonly warnings: readonly string[];
}

/** The record is not rewritten for a journal smaller than this. */
const smallJournal = 2 ** 20;

/** Text is written in pieces of about this many characters. */
const pieceLength = 2 ** 18;

/**
 * An output folder while a run writes into it: locked by this run, with its record and the journal from which the record is made.
 *
 * Each result is appended to the journal at once. The record is written at the start, when the journal has outgrown it, and at the
 * end, so the total bytes written stay within a few times the final record, however many images a run has.
 */
export class RunFolder<R extends object, L> {
  readonly warnings: readonly string[];
  private readonly out: string;
  private readonly kind: RecordKind<R, L>;
  private readonly lock: FolderLock;
  private render: (() => Iterable<string>) | undefined;
  private identity = "";
  private journal: Journal | undefined;
  private recordBytes = 0;
  private isBroken = false;
  /** Writes are serialised. */
  private last: Promise<void> = Promise.resolve();

  private constructor(out: string, kind: RecordKind<R, L>, lock: FolderLock, warnings: readonly string[]) {
    this.out = out;
    this.kind = kind;
    this.lock = lock;
    this.warnings = warnings;
  }

  /**
   * Locks a folder for a run: no other run writes into it until `close`. Incomplete files of killed runs are removed.
   *
   * @returns also record and journal of an earlier run; undefined if there is no record
   * @throws ConfigError when another run writes into it, or its record is of a newer version
   * @throws InputError when its record cannot be read, OutputError when the folder cannot be written to
   */
  static async open<R extends object, L>(
    out: string,
    kind: RecordKind<R, L>,
  ): Promise<{ folder: RunFolder<R, L>; found: Found<R, L> | undefined }> {
    const lock = await FolderLock.take(out);
    try {
      // Files that a run on another machine is writing right now are not leftovers.
      if (lock.warnings.length === 0) await removeRunLeftovers(out);
      const found = await readRecord(out, kind);
      return { folder: new RunFolder(out, kind, lock, [...lock.warnings, ...(found?.warnings ?? [])]), found };
    } catch (error) {
      await lock.release().catch(() => {});
      throw error;
    }
  }

  /**
   * Opens a folder, as `open` does, for what is made of it and its earlier run. If that fails, the folder is closed again.
   *
   * @throws as `open` and `make`
   */
  static async openAs<R extends object, L, T>(
    out: string,
    kind: RecordKind<R, L>,
    make: (folder: RunFolder<R, L>, found: Found<R, L> | undefined) => Promise<T>,
  ): Promise<T> {
    const { folder, found } = await RunFolder.open(out, kind);
    try {
      return await make(folder, found);
    } catch (error) {
      await folder.close();
      throw error;
    }
  }

  /**
   * Refuses to overwrite files that no run has made, such as ground truth in `masks/` beside the images. A journal without its record
   * counts as a sign of a run, too.
   *
   * @param names - of the files and folders that this run would write, except those that the record attributes to earlier runs
   * @throws ConfigError that names the first file
   */
  async refuseStrangers(names: readonly string[]): Promise<void> {
    const isRecorded = existsSync(join(this.out, this.kind.file));
    if (!isRecorded && existsSync(this.journalFile)) return;
    for (const name of names) {
      const file = await firstFile(join(this.out, name));
      if (file === undefined) continue;
      throw new ConfigError(
        `"${file}" already exists, and no record in "${this.out}" shows that a run made it. Choose another --out, or pass --overwrite to replace files that have the name of a result.`,
      );
    }
  }

  /**
   * Writes the record and starts its journal. Until then the folder is unchanged.
   *
   * @param head - the record without results
   * @param render - the current record as text, in pieces; called whenever it is written
   */
  async begin(head: R, render: () => Iterable<string>): Promise<void> {
    // As it will be read: fields in the order of the schema, without those that are undefined.
    this.identity = this.kind.identity(this.kind.schema.parse(JSON.parse(JSON.stringify(head))));
    this.render = render;
    await this.write();
  }

  /** Adds a line to the journal. */
  async append(line: L): Promise<void> {
    await this.inTurn(async () => {
      await this.check();
      await this.journal!.append(JSON.stringify(line));
      if (this.journal!.bytes > Math.max(smallJournal, this.recordBytes)) await this.fold();
    });
  }

  /** Writes the current record and starts a new journal. */
  async write(): Promise<void> {
    await this.inTurn(() => this.fold());
  }

  /** @throws OutputError when the folder no longer exists: its disk was unmounted, or the folder was removed */
  async check(): Promise<void> {
    if (this.journal === undefined || existsSync(this.journalFile)) return;
    this.isBroken = true;
    throw new OutputError(`"${this.out}" has disappeared, or was emptied, while results were written into it. Run the command again.`);
  }

  /** Writes the record for the last time and removes the journal. */
  async finish(): Promise<void> {
    await this.inTurn(async () => {
      await this.check();
      await this.writeRecord();
      await this.journal?.close();
      this.journal = undefined;
      await remove([this.journalFile]);
    });
  }

  /** Unlocks the folder. Never fails: what a failed run could not write into the record is in the journal, where the next run finds it. */
  async close(): Promise<void> {
    if (this.journal && !this.isBroken) await this.finish().catch(() => {});
    await this.journal?.close().catch(() => {});
    this.journal = undefined;
    await this.lock.release().catch(() => {});
  }

  private get journalFile(): string {
    return journalOf(join(this.out, this.kind.file));
  }

  /** The record first: if the run is killed in between, the journal only repeats what the record holds. */
  private async fold(): Promise<void> {
    await this.check();
    await this.writeRecord();
    await this.journal?.close();
    this.journal = await Journal.begin(this.journalFile, this.identity);
  }

  private async writeRecord(): Promise<void> {
    const file = join(this.out, this.kind.file);
    await writeAtomically(
      file,
      async (handle) => {
        for (const piece of joined(this.render!(), pieceLength)) await writeFully(handle, new TextEncoder().encode(piece));
      },
      { sync: true },
    );
    this.recordBytes = (await stat(file)).size;
  }

  private async inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.last.then(work);
    this.last = turn.catch(() => {
      this.isBroken = true;
    });
    await turn;
  }
}

/**
 * The record of a folder with the lines of its journal, without locking the folder: another run may be writing there.
 *
 * @returns undefined if there is no record
 * @throws InputError when it cannot be read, ConfigError when it is of a newer version
 */
export async function readRecord<R extends object, L>(out: string, kind: RecordKind<R, L>): Promise<Found<R, L> | undefined> {
  const file = join(out, kind.file);
  const text = await readTextIfPresent(file);
  if (text === undefined) return undefined;
  const record = parseRecord(file, text, kind);
  const journal = await readJournal(journalOf(file));
  if (journal && journal.of !== kind.identity(record)) {
    const warning = `"${journalOf(file)}" belongs to another run than "${file}" and is ignored: the images it lists are processed again`;
    return { record, lines: [], warnings: [warning] };
  }
  const lines = (journal?.lines ?? []).flatMap((line) => {
    const { data } = kind.line.safeParse(line);
    return data === undefined ? [] : [data];
  });
  return { record, lines, warnings: [] };
}

function parseRecord<R extends object, L>(file: string, text: string, { schema, version, commands }: RecordKind<R, L>): R {
  const refuse = (why: string, cause?: unknown) =>
    new InputError(`"${file}" is not a record that can be resumed (${why}). Move it away or choose another --out.`, { cause });
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (cause) {
    throw refuse((cause as Error).message, cause);
  }
  const { recordVersion, command } = (content ?? {}) as { readonly recordVersion?: unknown; readonly command?: unknown };
  if (typeof recordVersion === "number" && recordVersion > version)
    throw new ConfigError(
      `"${file}" is a record of version ${recordVersion}; this medclip-sam reads versions up to ${version}. Update it, or choose another --out.`,
    );
  if (typeof command === "string" && commands && !commands.includes(command)) throw otherCommand(dirname(file), command);
  const { data, error } = schema.safeParse(content);
  if (data) return data;
  const { path, message } = error!.issues[0]!;
  throw refuse(`${path.length > 0 ? `${path.join(".")}: ` : ""}${message}`, error);
}

/** The file itself, or the first file in a folder and its sub-folders; undefined if there is none. */
async function firstFile(path: string): Promise<string | undefined> {
  const entries = await readdir(path, { withFileTypes: true }).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT") return [];
    if (cause.code === "ENOTDIR") return undefined;
    throw new InputError(`"${path}" cannot be read: ${cause.message}`, { cause });
  });
  if (entries === undefined) return path;
  for (const { name } of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const found = litter.test(name) ? undefined : await firstFile(join(path, name));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** `run.json` has `run.journal.jsonl`. */
const journalOf = (file: string): string => file.replace(/\.json$/, ".journal.jsonl");

/**
 * The text of a record: its fields, then its lists with one item per line.
 *
 * @param lists - JSON text of each item
 */
export function* recordText(head: object, lists: Readonly<Record<string, Iterable<string>>>): Generator<string> {
  yield JSON.stringify(head, null, 1).replace(/\n\}$/, "");
  for (const [name, items] of Object.entries(lists)) {
    yield `,\n ${JSON.stringify(name)}: [`;
    let before = "\n  ";
    for (const item of items) {
      yield before + item;
      before = ",\n  ";
    }
    yield "\n ]";
  }
  yield "\n}\n";
}

function* joined(pieces: Iterable<string>, length: number): Generator<string> {
  let text = "";
  for (const piece of pieces) {
    text += piece;
    if (text.length < length) continue;
    yield text;
    text = "";
  }
  yield text;
}
