import { existsSync } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { z } from "zod";
import { ConfigError, InputError, OutputError } from "../../errors.ts";
import { remove, writeAtomically, writeFully } from "../../files/atomic-write.ts";
import { litter } from "../../scans/litter.ts";
import { Journal, readJournal } from "./journal.ts";
import { removeRunLeftovers } from "./leftovers.ts";
import { FolderLock } from "./lock.ts";
import { otherCommand } from "./resume.ts";

/** Said in every record. */
export const notice = "Research use only; not a medical device.";

/** A kind of record: its file in the output folder, what it holds, and what its journal's lines are. */
export interface RecordKind<R extends object, L> {
  /** Such as `run.json`; the journal lies beside it. */
  readonly file: string;
  /** Commands whose record it is; a folder of another one is refused by its name. */
  readonly commands?: readonly string[];
  /** Counts the changes after which an older program must not read the file. Files without a number are those from before 1. */
  readonly version: number;
  readonly schema: z.ZodType<R>;
  /** One line of the journal. */
  readonly line: z.ZodType<L>;
  /** What tells runs apart whose results must not mix: a journal belongs to the record with the same. */
  readonly identity: (record: R) => string;
}

/** What an earlier run has left. */
export interface Found<R, L> {
  readonly record: R;
  /** What the journal adds to it, oldest first. A line may tell of what the record holds already. */
  readonly lines: readonly L[];
  readonly warnings: readonly string[];
}

/** A journal smaller than this is never worth writing the record anew. */
const smallJournal = 2 ** 20;

/** Text is handed to the system in pieces of about this many characters. */
const pieceLength = 2 ** 18;

/**
 * An output folder while a run writes into it: held by this run alone, with its record and the journal that the record is made from.
 *
 * Each fact is appended to the journal when it is found. The record is written at the start, when the journal has outgrown it, and at the
 * end, so that the bytes written in all stay within a few times the last record, however many images a run has.
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
  /** Writes happen one after another. */
  private last: Promise<void> = Promise.resolve();

  private constructor(out: string, kind: RecordKind<R, L>, lock: FolderLock, warnings: readonly string[]) {
    this.out = out;
    this.kind = kind;
    this.lock = lock;
    this.warnings = warnings;
  }

  /**
   * Takes a folder for a run: nobody else writes into it until `close`. What killed runs have left half-written is removed.
   *
   * @returns also what an earlier run has left; undefined where there is no record
   * @throws ConfigError when another run writes into it, or its record is of a newer version
   * @throws InputError when its record cannot be read, OutputError when the folder cannot be written to
   */
  static async open<R extends object, L>(
    out: string,
    kind: RecordKind<R, L>,
  ): Promise<{ folder: RunFolder<R, L>; found: Found<R, L> | undefined }> {
    const lock = await FolderLock.take(out);
    try {
      // What a run on another machine is writing right now is no leftover.
      if (lock.warnings.length === 0) await removeRunLeftovers(out);
      const found = await readRecord(out, kind);
      return { folder: new RunFolder(out, kind, lock, [...lock.warnings, ...(found?.warnings ?? [])]), found };
    } catch (error) {
      await lock.release().catch(() => {});
      throw error;
    }
  }

  /**
   * Refuses to write where something lies that no run has made, such as ground truth in `masks/` beside the images. A journal that has lost
   * its record is a sign of a run, too.
   *
   * @param names - of the files and folders that this run would write, without those of which the record tells that runs wrote them
   * @throws ConfigError that names the first file
   */
  async refuseStrangers(names: readonly string[]): Promise<void> {
    const isRecorded = existsSync(join(this.out, this.kind.file));
    if (!isRecorded && existsSync(this.journalFile)) return;
    for (const name of names) {
      const file = await firstFile(join(this.out, name));
      if (file === undefined) continue;
      throw new ConfigError(
        `"${file}" is there already, and no record in "${this.out}" tells of a run that made it. Choose another --out, or give --overwrite to replace what has the name of a result.`,
      );
    }
  }

  /**
   * Writes the record and begins its journal. Until then the folder stays as it was found.
   *
   * @param head - the record without what will be found
   * @param render - the record as it then is, as text in pieces; called whenever it is written
   */
  async begin(head: R, render: () => Iterable<string>): Promise<void> {
    // As it will be read: with the fields in the order of the schema, and without those that are undefined.
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

  /** Writes the record as it is now; the journal begins anew. */
  async write(): Promise<void> {
    await this.inTurn(() => this.fold());
  }

  /** @throws OutputError when the folder is not there any more: its disk was taken away, or somebody has removed it */
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

  /** Lets the folder go. Never fails: what a run that broke could not write into the record is in the journal, and the next run finds it. */
  async close(): Promise<void> {
    if (this.journal && !this.isBroken) await this.finish().catch(() => {});
    await this.journal?.close().catch(() => {});
    this.journal = undefined;
    await this.lock.release().catch(() => {});
  }

  private get journalFile(): string {
    return journalOf(join(this.out, this.kind.file));
  }

  /** The record first: a run that is killed in between finds in the journal what it knows already. */
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
 * The record of a folder with what its journal adds, without taking the folder: another run may be writing there.
 *
 * @returns undefined where there is no record
 * @throws InputError when it cannot be read, ConfigError when it is of a newer version
 */
export async function readRecord<R extends object, L>(out: string, kind: RecordKind<R, L>): Promise<Found<R, L> | undefined> {
  const file = join(out, kind.file);
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new InputError(`"${file}" cannot be read: ${(cause as Error).message}`, { cause });
  }
  const record = parseRecord(file, text, kind);
  const journal = await readJournal(journalOf(file));
  if (journal && journal.of !== kind.identity(record)) {
    const warning = `"${journalOf(file)}" belongs to another run than "${file}" and is left out: what it tells of is done again`;
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
    new InputError(`"${file}" is not a record that can be gone on with (${why}). Move it away or choose another --out.`, { cause });
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

/** A file itself, or the first one in a folder and those below it; undefined where there is none. */
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
 * The text of a record: its few fields, then its lists with one item a line.
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
