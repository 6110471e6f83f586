/** The least version of Node that runs this package, [major, minor]; `engines` in package.json says the same. */
const least = [20, 19];

/** Says that a version such as "18.20.8" is too old; undefined where it is not. Old versions of Node run this, so it is in simple words. */
export function tooOld(version: string): string | undefined {
  const [major, minor] = version.split(".").map(Number);
  const isEnough = major! > least[0]! || (major === least[0] && minor! >= least[1]!);
  return isEnough ? undefined : `Node ${version} is too old; ${least.join(".")} or later is needed`;
}
