import { ConfigError } from "../errors.ts";
import { kebab } from "../kebab.ts";
import { chefer } from "./chefer.ts";
import { clearclip } from "./clearclip.ts";
import { denseText } from "./dense-text.ts";
import { gradcam } from "./gradcam.ts";
import { gscorecam } from "./gscorecam.ts";
import { m2ib } from "./m2ib.ts";
import { maskclip } from "./maskclip.ts";
import { naclip } from "./naclip.ts";
import { nib } from "./nib.ts";
import { patchText } from "./patch-text.ts";
import { rollout } from "./rollout.ts";
import type { MethodRow } from "./saliency-method.ts";
import { sclip } from "./sclip.ts";

/** The saliency methods by their names on the command line. A new method is one file and one row here. */
export const saliencyMethods = {
  m2ib,
  gradcam,
  gscorecam,
  nib,
  rollout,
  chefer,
  maskclip,
  sclip,
  clearclip,
  naclip,
  "patch-text": patchText,
  "dense-text": denseText,
} as const satisfies Record<string, MethodRow>;

/** The name of a saliency method. */
export type SaliencyMethodName = keyof typeof saliencyMethods;

/**
 * Rejects settings of another method that this one would ignore, if they change the meaning of the map.
 *
 * @throws ConfigError for given noise with a method that draws none, or a value that only another method knows
 */
export function refuseForeign(name: SaliencyMethodName, settings: Readonly<Record<string, unknown>>): void {
  const { uses }: MethodRow = saliencyMethods[name];
  for (const [other, { drawsNoise, refusedElsewhere = {} }] of Object.entries<MethodRow>(saliencyMethods)) {
    const wrong = Object.entries(refusedElsewhere).filter(([key, value]) => settings[key] === value);
    if (drawsNoise && settings.noise !== undefined) wrong.push(["noise", settings.noise]);
    for (const [key, value] of wrong) {
      if (uses.includes(key)) continue;
      const flag = `--${kebab(key)}`;
      throw new ConfigError(
        `${flag} ${value} is for ${other}, and --saliency-method ${name} does not use it. Omit it, or use --saliency-method ${other}.`,
      );
    }
  }
}

/** The error about a map that is not finite, with the settings of the method that may be the cause. @param file - of the model */
export function notFiniteMap(name: SaliencyMethodName, file: string): ConfigError {
  const { settings }: MethodRow = saliencyMethods[name];
  const causes = ["lr", "beta"].filter((key) => key in settings.shape).map((key) => `--${key}`);
  const verify = `\`medclip-sam models verify\` checks whether "${file}" contains NaN or infinite values.`;
  const advice = causes.length === 0 ? verify : `Lower ${causes.join(" and ")}; if they are not high, ${verify}`;
  return new ConfigError(`the values of the saliency map are not finite numbers. ${advice}`);
}
