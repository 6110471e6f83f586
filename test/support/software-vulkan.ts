import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "vitest";

/** Debian's Chromium brings a Vulkan driver in software, and a loader for it. */
const folder = "/usr/lib/chromium";
const driver = join(folder, "vk_swiftshader_icd.json");

/** Without any driver. The loader of Vulkan reads the one variable or the other, by its version. */
export const noVulkan = { VK_ICD_FILENAMES: "/nowhere/driver.json", VK_DRIVER_FILES: "/nowhere/driver.json" };

/** A `describe` that is skipped, with the reason in its title, where the driver is absent. */
export function describeWithSoftwareVulkan(title: string, body: () => void): void {
  if (existsSync(driver)) describe(title, body);
  // Reason for the skip: WebGPU needs a Vulkan driver, and no npm package brings one. The run lists it under "Skipped".
  else describe.skip(title, () => test(`skipped: "${driver}" is not there; install Debian's package chromium`, () => undefined));
}

/**
 * Runs a program on WebGPU and on the CPU, each time in a process of its own, as the loader reads its variables at the start.
 *
 * @param program - the text of a module that computes on a device and prints the numbers it found, by name, as JSON
 * @returns of each name the largest difference, relative to the CPU's largest value
 */
export function errorsOnWebGpu(program: (device: string) => string): Record<string, number> {
  const env = { ...process.env, VK_ICD_FILENAMES: driver, VK_DRIVER_FILES: driver, LD_LIBRARY_PATH: folder };
  const [cpu, webgpu] = ["cpu", "webgpu"].map((device) => {
    const printed = execFileSync(process.execPath, ["--input-type=module", "--eval", program(device)], { env, maxBuffer: 2 ** 28 });
    return JSON.parse(printed.toString()) as Record<string, number[]>;
  });
  return Object.fromEntries(
    Object.entries(cpu!).map(([name, expected]) => {
      const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      return [name, expected.reduce((most, value, i) => Math.max(most, Math.abs(value - webgpu![name]![i]!)), 0) / largest];
    }),
  );
}
