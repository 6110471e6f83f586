import { expect, test } from "vitest";
import type { RunEvent } from "../run/events.ts";
import { Progress, type ProgressOptions } from "./progress.ts";

const events: RunEvent[] = [
  { type: "stage", message: "opening models" },
  { type: "start", command: "segment", total: 4, done: 1, out: "results" },
  { type: "item", name: "a", ms: 1500, warnings: ["is dark"], summary: "12 px" },
  { type: "failure", name: "b", message: "is damaged", code: "input" },
  { type: "item", name: "c", ms: 20, warnings: [] },
  { type: "end", done: 2, skipped: 1, failed: 1, ms: 2500, lines: ["a table"] },
];

/** The output for some events; each takes one second. */
function shown(options: ProgressOptions & { isTTY?: boolean; columns?: number }, all = events): string {
  let text = "";
  let clock = 0;
  const terminal = { write: (part: string) => (text += part), isTTY: options.isTTY, columns: options.columns };
  const progress = new Progress(terminal, { now: () => clock, ...options });
  for (const event of all) {
    clock += 1000;
    progress.show(event);
  }
  return text;
}

test("without a terminal there is one plain line per item", () => {
  expect(shown({}).split("\n")).toEqual([
    "opening models",
    "1 of 4 already finished",
    "[2/4] a  1.5 s  12 px",
    "warning: a: is dark",
    "failed: b: is damaged",
    "[4/4] c  20 ms",
    "2 done, 1 skipped, 1 failed in 2.5 s; results are in results",
    "",
  ]);
});

test("the end says how many masks are empty", () => {
  expect(shown({}, [{ type: "end", done: 7, skipped: 0, failed: 0, emptyMasks: 7, ms: 10 }])).toBe("7 done, 7 masks empty in 10 ms\n");
  expect(shown({}, [{ type: "end", done: 2, skipped: 0, failed: 0, emptyMasks: 1, ms: 10 }])).toBe("2 done, 1 mask empty in 10 ms\n");
});

test("on a terminal one line is updated, with speed and time left; warnings are printed above it", () => {
  const text = shown({ isTTY: true, colours: false, columns: 120 });
  // After the first of three items, a second after the start.
  expect(text).toContain("━━━━━━━━━━━━──────────── 2/4  1.0 images/s, 2 s left  a\x1b[K");
  expect(text).toContain("\r\x1b[Kwarning: a: is dark\n");
  expect(text).toContain("━".repeat(24));
  expect(text.endsWith("results are in results\n")).toBe(true);
});

test("the line never wraps", () => {
  const name = "a-long-name-".repeat(20);
  const text = shown({ isTTY: true, columns: 60 }, [events[1]!, { type: "item", name, ms: 1, warnings: [] }]);
  const lines = text.split("\r").filter((part) => part.includes("  a-"));
  for (const line of lines) expect(line.replace("\x1b[K", "").length).toBeLessThan(60);
  expect(lines).not.toHaveLength(0);
});

test("colours are for terminals, and not if NO_COLOR is set", () => {
  const red = "\x1b[31m";
  const before = process.env.NO_COLOR;
  try {
    delete process.env.NO_COLOR;
    expect(shown({ isTTY: true })).toContain(red);
    expect(shown({})).not.toContain(red);
    process.env.NO_COLOR = "1";
    expect(shown({ isTTY: true })).not.toContain(red);
  } finally {
    if (before === undefined) delete process.env.NO_COLOR;
    else process.env.NO_COLOR = before;
  }
});

test("quiet shows warnings and failures only", () => {
  expect(shown({ quiet: true })).toBe("warning: a: is dark\nfailed: b: is damaged\n");
});

test("clear removes the updating line", () => {
  let text = "";
  const progress = new Progress({ write: (part: string) => (text += part), isTTY: true });
  progress.show(events[1]!);
  progress.clear();
  progress.clear();
  expect(text.split("\r\x1b[K")).toHaveLength(2); // once
  expect(text.endsWith("\r\x1b[K")).toBe(true);
});

test("a training shows loss, learning rate, speed and time left; without a terminal every ten seconds and after each epoch", () => {
  const step = (at: number): RunEvent => ({
    type: "step",
    step: at,
    epoch: 1,
    loss: 2 / at,
    lr: 1e-6,
    gradNorm: 0.5,
    metrics: {},
    rate: { value: 16, unit: "pair" },
  });
  const training: RunEvent[] = [
    { type: "start", command: "finetune", total: 40, done: 20, unit: "step" },
    { type: "failure", name: "b", message: "is damaged", code: "input" },
    ...Array.from({ length: 10 }, (_, i) => step(21 + i)),
    { type: "epoch", epoch: 1, step: 30, summary: "epoch 1 of 1: validation loss 0.5" },
  ];
  expect(shown({}, training).split("\n")).toEqual([
    "20 of 40 already finished",
    "failed: b: is damaged",
    "[30/40] epoch 1  loss 0.0667  lr 0.00000100  16 pairs/s  gradient 0.500  11 s left",
    "epoch 1 of 1: validation loss 0.5",
    "",
  ]);
  const drawn = shown({ isTTY: true, columns: 120 }, training).split("\r");
  expect(drawn.at(-3)).toContain("30/40  1.1 s a step, 11 s left  epoch 1  loss 0.0667");
});

test("each stage of a run counts from its own start", () => {
  const [, start, item] = events as [RunEvent, RunEvent, RunEvent];
  const lines = shown({}, [start, item, start, item]).split("\n");
  expect(lines.filter((line) => line.startsWith("[2/4]"))).toHaveLength(2);
});
