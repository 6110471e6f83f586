import { expect, test } from "vitest";
import { describeWith, sharedJson } from "../../../test/support/shared-data.ts";
import type { NameScheme } from "../name-scheme.ts";
import { samFamily, samPresets, samTensors } from "./index.ts";

interface NameMap {
  readonly tensors: readonly { readonly official: string; readonly huggingface: readonly string[] }[];
}

describeWith(["parity/sam/name-map-vit-b.json"], "names of the Hugging Face port", () => {
  const { tensors } = sharedJson<NameMap>("parity", "sam", "name-map-vit-b.json");
  const [official, ...ports] = samFamily.schemes;

  test("every official name of ViT-B leads to one of the port's names for it", () => {
    expect(tensors.map(({ official }) => official)).toEqual([...samTensors(samPresets["sam-vit-b"]!).keys()]);
    for (const { official, huggingface } of tensors) {
      for (const port of ports) expect(huggingface).toContain(port.locate(official));
    }
  });

  test("the two schemes of the port together reach every name it has, and no two tensors share one", () => {
    const reached = new Set(tensors.flatMap(({ official }) => ports.map((port) => port.locate(official))));
    expect(reached).toEqual(new Set(tensors.flatMap(({ huggingface }) => huggingface)));
    for (const port of ports) expect(new Set(tensors.map((row) => port.locate(row.official))).size).toBe(tensors.length);
  });

  test("a scheme is recognised by names of its own", () => {
    const names = new Set(tensors.flatMap(({ huggingface }) => huggingface));
    const found = ({ locate }: NameScheme) => samFamily.markers.filter((marker) => names.has(locate(marker) as string)).length;
    for (const port of ports) expect(found(port)).toBeGreaterThan(found(official!));
  });
});
