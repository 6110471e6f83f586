import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { builtCommand } from "../support/build.ts";
import { randomModel } from "../support/models.ts";
import { describeWithSoftwareVulkan, errorsOnWebGpu } from "../support/software-vulkan.ts";

describeWithSoftwareVulkan("with a Vulkan driver in software", () => {
  test("SAM on WebGPU agrees with the CPU", { timeout: 600_000 }, async () => {
    await builtCommand();
    const file = join(await randomModel("sam-tiny"), "model.safetensors");
    const errors = errorsOnWebGpu(
      (device) => `
        import { SamPredictor } from ${JSON.stringify(resolve("dist/index.js"))};
        const sam = await SamPredictor.open(${JSON.stringify(file)}, { device: "${device}" });
        const data = Uint8Array.from({ length: 64 * 48 * 3 }, (_, i) => (i * 7919) % 251);
        const { values } = await sam.setImage({ width: 64, height: 48, data });
        const [{ logits, scores }] = await sam.predict({ boxes: [{ x0: 10, y0: 10, x1: 40, y1: 30 }] });
        console.log(JSON.stringify({ embedding: [...values.data], logits: [...logits], scores: [...scores] }));`,
    );
    // Measured: 2e-6, 1.1e-4 and 6e-6.
    for (const [name, error] of Object.entries(errors)) expect(error, name).toBeLessThan(1e-3);
  });
});
