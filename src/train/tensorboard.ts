import { join } from "node:path";
import { AppendFile } from "../files/append-file.ts";
import { ProtobufWriter } from "../protobuf-writer.ts";
import { maskedCrc32c } from "./crc32c.ts";

/** A record of a TFRecord file: length (8 bytes), its checksum, data, its checksum; all little-endian. */
export function tfRecord(data: Uint8Array): Uint8Array<ArrayBuffer> {
  const record = new Uint8Array(data.length + 16);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, maskedCrc32c(record.subarray(0, 8)), true);
  record.set(data, 12);
  view.setUint32(12 + data.length, maskedCrc32c(data), true);
  return record;
}

/** An Event message of numbers by tag. @param seconds - since 1970 */
export function scalarsEvent(step: number, scalars: Readonly<Record<string, number>>, seconds: number): Uint8Array {
  return new ProtobufWriter()
    .double(1, seconds)
    .integer(2, step)
    .message(5, (summary) => {
      for (const [tag, value] of Object.entries(scalars)) summary.message(1, (item) => item.text(1, tag).float(2, value));
    })
    .bytes();
}

/**
 * A TensorBoard event file of scalars. Each start of a run writes a new file, which makes TensorBoard discard the same steps of earlier
 * files.
 *
 * @see tensorflow/core/util/event.proto and tensorflow/core/framework/summary.proto
 */
export class EventFile {
  private readonly file: AppendFile;

  private constructor(file: AppendFile) {
    this.file = file;
  }

  /**
   * @param firstStep - the first step that is written
   * @throws OutputError when the folder cannot be written to
   */
  static async create(folder: string, firstStep: number): Promise<EventFile> {
    const seconds = Date.now() / 1000;
    // TensorBoard reads files in the order of their names.
    const file = join(folder, `events.out.tfevents.${seconds.toFixed(3)}.${process.pid}`);
    const events = new EventFile(await AppendFile.open(file));
    await events.append(new ProtobufWriter().double(1, seconds).text(3, "brain.Event:2").bytes());
    const start = (log: ProtobufWriter) => log.integer(1, 1);
    await events.append(new ProtobufWriter().double(1, seconds).integer(2, firstStep).message(7, start).bytes());
    return events;
  }

  /** Adds numbers of a step; those that are not finite are left out, as TensorBoard cannot draw them. */
  async add(step: number, scalars: Readonly<Record<string, number>>): Promise<void> {
    const finite = Object.fromEntries(Object.entries(scalars).filter(([, value]) => Number.isFinite(value)));
    await this.append(scalarsEvent(step, finite, Date.now() / 1000));
  }

  async close(): Promise<void> {
    await this.file.close();
  }

  private async append(event: Uint8Array): Promise<void> {
    await this.file.append(tfRecord(event));
  }
}
