import { closeSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { makePipe } from "../../test/support/named-pipe.ts";
import { ConfigError } from "../errors.ts";
import { withDescriptorsOf } from "./own-descriptors.ts";

const folder = mkdtempSync(join(tmpdir(), "descriptors-"));
afterAll(() => rmSync(folder, { recursive: true }));

const outputs = ["json"];
const settings = { json: "a.json", inputs: ["dev/stdout", "/dev/null"], steps: 1, none: undefined };

test("other settings stay as they are", () => {
  expect(withDescriptorsOf(7, settings, outputs)).toEqual(settings);
});

test.runIf(process.platform === "linux")("an open pipe is given by the process that has it, also in lists", () => {
  const pipe = join(folder, "pipe");
  makePipe(pipe);
  const descriptor = openSync(pipe, "r+");
  try {
    const path = `/proc/7/fd/${descriptor}`;
    const given = { json: `/dev/fd/${descriptor}`, inputs: [`/proc/self/fd/${descriptor}`] };
    expect(withDescriptorsOf(7, given, outputs)).toEqual({ json: path, inputs: [path] });
  } finally {
    closeSync(descriptor);
  }
});

test("a descriptor that is not open, and a regular file to write, are refused", () => {
  expect(() => withDescriptorsOf(7, { json: "/dev/fd/9999" }, outputs)).toThrow('"/dev/fd/9999" is not open. Give the name of a file.');
  const descriptor = openSync(join(folder, "file"), "w");
  try {
    expect(() => withDescriptorsOf(7, { json: `/dev/fd/${descriptor}` }, outputs)).toThrow(ConfigError);
  } finally {
    closeSync(descriptor);
  }
});

test.runIf(process.platform === "linux")("a regular file to read is passed on", () => {
  const descriptor = openSync(join(folder, "file"), "w+");
  try {
    expect(withDescriptorsOf(7, { pairs: `/dev/fd/${descriptor}` }, outputs)).toEqual({ pairs: `/proc/7/fd/${descriptor}` });
  } finally {
    closeSync(descriptor);
  }
});
