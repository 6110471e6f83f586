import { BinaryReader, type WireType } from "@bufbuild/protobuf/wire";
import { maskedCrc32c } from "../../src/train/crc32c.ts";

/** Content of an event of a TensorBoard file. */
export interface ReadEvent {
  seconds: number;
  step: number;
  version?: string;
  isStart: boolean;
  readonly scalars: Record<string, number>;
}

/** The events of a file, by another reader of protobuf than the one that wrote it. Throws when a checksum is wrong. */
export function readEvents(file: Uint8Array): ReadEvent[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const events: ReadEvent[] = [];
  for (let at = 0; at < file.length; ) {
    const length = Number(view.getBigUint64(at, true));
    const data = file.subarray(at + 12, at + 12 + length);
    if (view.getUint32(at + 8, true) !== maskedCrc32c(file.subarray(at, at + 8))) throw new Error(`the length at ${at} is damaged`);
    if (view.getUint32(at + 12 + length, true) !== maskedCrc32c(data)) throw new Error(`the record at ${at} is damaged`);
    events.push(eventOf(data));
    at += 16 + length;
  }
  return events;
}

function eventOf(data: Uint8Array): ReadEvent {
  const event: ReadEvent = { seconds: 0, step: 0, isStart: false, scalars: {} };
  each(data, (field, reader) => {
    if (field === 1) event.seconds = reader.double();
    else if (field === 2) event.step = Number(reader.int64());
    else if (field === 3) event.version = reader.string();
    else if (field === 5) each(reader.bytes(), (_, summary) => Object.assign(event.scalars, scalarOf(summary.bytes())));
    else if (field === 7) each(reader.bytes(), (_, log) => (event.isStart = log.int32() === 1));
    else return false;
    return true;
  });
  return event;
}

function scalarOf(data: Uint8Array): Record<string, number> {
  let [tag, value] = ["", Number.NaN];
  each(data, (field, reader) => {
    if (field === 1) tag = reader.string();
    else if (field === 2) value = reader.float();
  });
  return { [tag]: value };
}

/** Calls for each field of a message; a field that is not read (false) is skipped. */
function each(data: Uint8Array, read: (field: number, reader: BinaryReader) => unknown): void {
  const reader = new BinaryReader(data);
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (read(field, reader) === false) reader.skip(type as WireType);
  }
}
