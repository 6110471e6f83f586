import { InputError } from "../../errors.ts";
import { bytesOfCase, readCase, type TrainingCase } from "./case.ts";

/** The cases of a training or validation set, by their place in it. */
export interface CaseSource {
  readonly count: number;
  read(index: number): Promise<TrainingCase>;
}

/** A case in memory that threads share, or its file. Plain data, which can be handed to a thread. */
export type CaseEntry = { readonly held: TrainingCase } | { readonly file: string };

/** Bytes of cases that are held in memory unless a caller says otherwise: 3,600 gray images of 256 x 256. */
const memoryByDefault = 2 ** 30;

/** Cases that are held in memory as long as they fit into a number of bytes, and read from their files each time otherwise. */
export class Cases implements CaseSource {
  readonly entries: readonly CaseEntry[];

  constructor(entries: readonly CaseEntry[]) {
    this.entries = entries;
  }

  /** Cases in memory, copied to where threads can read them without a further copy. */
  static of(cases: readonly TrainingCase[]): Cases {
    return new Cases(cases.map((one) => ({ held: shareable(one) })));
  }

  /**
   * Cases of files that `writeCase` has written.
   *
   * @param options.memory - bytes of cases to hold in memory; those that do not fit are read from their files each time. Default 1 GiB
   * @throws InputError, WeightsError as `readCase`
   */
  static async open(files: readonly string[], { memory = memoryByDefault }: { readonly memory?: number | undefined } = {}): Promise<Cases> {
    let left = memory;
    const entries: CaseEntry[] = [];
    for (const file of files) {
      const one = left > 0 ? await readCase(file) : undefined;
      left -= one ? bytesOfCase(one) : 0;
      entries.push(one && left >= 0 ? { held: shareable(one) } : { file });
    }
    return new Cases(entries);
  }

  get count(): number {
    return this.entries.length;
  }

  /** How many of them are in memory. */
  get heldCount(): number {
    return this.entries.filter((entry) => "held" in entry).length;
  }

  async read(index: number): Promise<TrainingCase> {
    const entry = this.entries[index];
    if (!entry) throw new InputError(`there are ${this.count} cases, so there is none of number ${index + 1}`);
    return "held" in entry ? entry.held : await readCase(entry.file);
  }
}

function shareable(one: TrainingCase): TrainingCase {
  const { annotated } = one;
  return {
    ...one,
    data: shared(one.data, Float32Array),
    labels: shared(one.labels, Int16Array),
    classLocations: one.classLocations.map((pixels) => shared(pixels, Int32Array)),
    ...(annotated && { annotated: shared(annotated, Int32Array) }),
  };
}

/** A copy in memory that threads share. */
function shared<T extends Float32Array | Int16Array | Int32Array>(values: T, ArrayType: new (buffer: SharedArrayBuffer) => T): T {
  if (values.buffer instanceof SharedArrayBuffer) return values;
  const copy = new ArrayType(new SharedArrayBuffer(values.byteLength));
  copy.set(values);
  return copy;
}
