import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { z } from "zod";
import { type RecordKind, RunFolder, recordText } from "./folder.ts";

const out = mkdtempSync(join(tmpdir(), "medclip-sam-folder-"));
afterAll(() => rmSync(out, { recursive: true }));

const kind: RecordKind<{ readonly made: string; readonly texts: string[] }, string> = {
  file: "many.json",
  version: 1,
  schema: z.object({ made: z.string(), texts: z.array(z.string()) }),
  line: z.string(),
  identity: ({ made }) => made,
};

test("the bytes written for records grow with the number of items, not with its square", async () => {
  const texts: string[] = [];
  let rendered = 0;
  const { folder } = await RunFolder.open(out, kind);
  await folder.begin({ made: "here", texts: [] }, () => {
    const pieces = [...recordText({ made: "here" }, { texts: texts.map((text) => JSON.stringify(text)) })];
    rendered += pieces.join("").length;
    return pieces;
  });
  for (let i = 0; i < 2000; i++) {
    texts.push(`${i} ${"x".repeat(4000)}`);
    await folder.append(texts.at(-1)!);
  }
  await folder.finish();
  await folder.close();
  const { size } = statSync(join(out, "many.json"));
  expect(rendered).toBeLessThan(4 * size); // 2000 · size / 2 if the record were rewritten for each item
  expect(JSON.parse(readFileSync(join(out, "many.json"), "utf8"))).toEqual({ made: "here", texts });
});
