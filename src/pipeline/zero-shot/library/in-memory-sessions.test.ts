import { afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { nanoModels } from "../../../../test/support/tiny-run.ts";
import { CancelledError } from "../../../errors.ts";
import type { Image } from "../../../image/index.ts";
import type { OpenSession, Session } from "../../../runtime/session.ts";
import { loadModel, segment } from "./of-files.ts";

const runtime = vi.hoisted(() => ({ opened: 0, live: new Set<object>(), failing: [] as number[], failsToClose: false }));

/** The runtime of Node that counts its sessions, and fails on demand. */
vi.mock("#runtime", async (original) => {
  const real = await original<{ openSession: OpenSession }>();
  const openSession: OpenSession = async (...model) => {
    if (runtime.failing.includes(++runtime.opened)) throw new Error("the runtime refuses this graph");
    const session = await real.openSession(...model);
    const counted: Session = {
      inputs: session.inputs,
      run: (feeds) => session.run(feeds),
      async dispose() {
        await session.dispose();
        if (!runtime.live.delete(counted)) throw new Error("a session was disposed of twice");
        if (runtime.failsToClose) throw new Error("the runtime cannot let go");
      },
    };
    runtime.live.add(counted);
    return counted;
  };
  return { ...real, openSession };
});

const image: Image = { width: 48, height: 40, data: Uint8Array.from({ length: 5760 }, (_, i) => (i * i) % 251) };
const options = { saliencyMethod: "patch-text" } as const;
const text = "dark lesion";
let paths: { clip: string; sam: string };
beforeAll(async () => {
  paths = await nanoModels();
});
beforeEach(() => Object.assign(runtime, { opened: 0, failing: [], failsToClose: false }));
afterEach(() => expect(runtime.live.size, "sessions that were not disposed of").toBe(0));

test("concurrent calls share the sessions, and disposing waits for them", async () => {
  const model = await loadModel(paths);
  const [alone, ...others] = [
    segment(model, image, text, options),
    segment(model, image, text, options),
    segment(model, image, text, options),
  ];
  await model.dispose();
  const first = await alone;
  for (const other of others) expect(await other).toEqual(first);
  expect(runtime.opened).toBe(5); // text, trunk, method, SAM's encoder and decoder
});

test("a session that cannot be opened is tried again by the next call", async () => {
  const model = await loadModel(paths);
  for (const failing of [1, 2, 4, 6, 8]) {
    runtime.failing = [failing];
    await expect(segment(model, image, text, options)).rejects.toThrow("refuses this graph");
  }
  expect((await segment(model, image, text, options)).mask.data).toHaveLength(48 * 40);
  await model.dispose();
});

test("invalid settings are rejected each time, and leave no sessions open", async () => {
  const model = await loadModel(paths);
  for (let i = 0; i < 2; i++) await expect(segment(model, image, text, { saliencyMethod: "nib", layer: 99 })).rejects.toThrow("layer 99");
  await model.dispose();
  await model.dispose();
  await expect(segment(model, image, text)).rejects.toThrow(/disposed of.*Load it again/);
  await expect(model.mask.sam.setImage(image)).rejects.toThrow(/disposed.*Open another/);
});

test("at most two saliency settings are kept open", async () => {
  const model = await loadModel(paths);
  for (const steps of [1, 2, 3, 4]) await segment(model, image, text, { saliencyMethod: "nib", layer: 0, steps });
  expect(runtime.live.size).toBe(2 * 2 + 3); // trunk and tail of two settings; text, encoder, decoder
  await model.dispose();
});

test("a cancelled call ends before its next stage", async () => {
  const model = await loadModel(paths);
  await expect(segment(model, image, text, { ...options, signal: AbortSignal.abort() })).rejects.toThrow(CancelledError);
  expect(runtime.opened).toBe(0);
  const controller = new AbortController();
  const embed = async () => {
    controller.abort();
    return await model.mask.sam.setImage(image);
  };
  await expect(segment(model, image, text, { ...options, embed, signal: controller.signal })).rejects.toThrow(CancelledError);
  await model.dispose();
});

test("all sessions are released even if the runtime fails to close one, and the first failure is reported", async () => {
  const model = await loadModel(paths);
  await segment(model, image, text, options);
  runtime.failsToClose = true;
  await expect(model.dispose()).rejects.toThrow("cannot let go");
});
