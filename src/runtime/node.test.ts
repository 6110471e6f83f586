import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { builtCommand } from "../../test/support/build.ts";
import { compile, input, matmul } from "../graph/index.ts";
import { tensor } from "../tensor/tensor.ts";
import { availableDevices, runtimeVersion } from "./node.ts";

test("the CPU is always available, and the version is that of the installed runtime", async () => {
  expect(await availableDevices()).toContain("cpu");
  expect(await runtimeVersion()).toMatch(/^\d+\.\d+\.\d+$/);
});

test("a device that is not installed is refused with those that are", async () => {
  const x = input("x", "float32", [2, 2]);
  await expect(compile({ y: matmul(x, x) }, { device: "coreml" })).rejects.toThrow(
    /device "coreml" is not part of the installed ONNX Runtime, which has .*cpu/,
  );
});

test("weights prepacked or not give the same numbers", async () => {
  const x = input("x", "float32", [2, 2]);
  const feed = { x: tensor("float32", [2, 2], Float32Array.of(1, 2, 3, 4)) };
  for (const prepack of [true, false]) {
    const session = await compile({ y: matmul(x, x) }, { prepack, threads: 1 });
    expect([...(await session.run(feed)).y!.data]).toEqual([7, 10, 15, 22]);
    await session.dispose();
  }
});

test("running a graph leaves no trace in the user's home: the runtime's telemetry is off", async () => {
  await builtCommand();
  const home = mkdtempSync(join(tmpdir(), "medclip-sam-home-"));
  const program = `
    import { compile, exp, input } from ${JSON.stringify(resolve("dist/graph/index.js"))};
    const session = await compile({ y: exp(input("x", "float32", [1])) });
    const { y } = await session.run({ x: { dtype: "float32", shape: [1], data: Float32Array.of(0) } });
    console.log(y.data[0]);`;
  const { ORT_DISABLE_TELEMETRY: _, ...env } = process.env;
  const printed = execFileSync(process.execPath, ["--input-type=module", "--eval", program], {
    env: { ...env, HOME: home, XDG_CACHE_HOME: "" },
    cwd: home,
  });
  expect(printed.toString().trim()).toBe("1");
  expect(readdirSync(home, { recursive: true })).toEqual([]);
  rmSync(home, { recursive: true });
});
