import { expect, test } from "vitest";
import { expectClose } from "../../test/support/close.ts";
import { describeWith, readCase } from "../../test/support/shared-data.ts";
import { type ClassMaps, largestClass, type MapKind } from "../image/class-maps.ts";
import { addMember, ensembleResult, startEnsemble } from "./ensemble.ts";

const file = "parity/nnunet/postprocess.safetensors";

describeWith([file], "an ensemble of nnU-Net's probabilities", async () => {
  const { tensors } = await readCase(file);
  const names = [...tensors.keys()].filter((name) => name.startsWith("ensemble/member"));
  const data = (name: string) => tensors.get(name)!.data as Float32Array;
  const mapsOf = <K extends MapKind>(kind: K, values: Float32Array): ClassMaps<K> => {
    const [count, , height, width] = tensors.get(names[0]!)!.shape as [number, 1, number, number];
    return { kind, areExclusive: true, count, height, width, data: values };
  };
  const meanOf = (members: readonly ClassMaps[]) => {
    const ensemble = startEnsemble(members[0]!, { meanOf: members[0]!.kind });
    for (const member of members) addMember(ensemble, member);
    return ensembleResult(ensemble).mean;
  };

  // Seen: 0.
  test("has their mean, and its largest class, of equal ones the lowest", () => {
    const mean = meanOf(names.map((name) => mapsOf("probabilities", data(name))));
    expectClose(mean.data, data("ensemble/mean"), 1e-7);
    expect(Array.from(largestClass(mean).data)).toEqual(Array.from(tensors.get("ensemble/segmentation")!.data as Uint8Array));
  });

  // The softmax forgets what the logarithm of a probability lacks of its logit. The ties that the case sets, all 0.25, are no probabilities of logits.
  // Seen: 1.8e-7, as logarithms of probabilities stand in for the logits, both in float32.
  test("of logits has the softmax of their mean", () => {
    const mean = meanOf(names.map((name) => mapsOf("logits", data(name).map(Math.log))));
    const pixels = mean.width * mean.height;
    const [first] = names.map(data);
    const sumAt = (pixel: number) => [0, 1, 2].reduce((sum, k) => sum + first![k * pixels + pixel]!, 0);
    const notTied = (values: Float32Array) => values.filter((_, i) => sumAt(i % pixels) > 0.99);
    expectClose(notTied(mean.data), notTied(data("ensemble/softmax_of_mean_logits")), 3e-7);
  });
});
