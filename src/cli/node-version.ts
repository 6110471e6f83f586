/** The minimum version of Node for this package, [major, minor]; the same as `engines` in package.json. */
const least = [20, 19];

/** The message that a version such as "18.20.8" is too old; undefined if it is not. Uses only syntax that old versions of Node can run. */
export function tooOld(version: string): string | undefined {
  const [major, minor] = version.split(".").map(Number);
  const isEnough = major! > least[0]! || (major === least[0] && minor! >= least[1]!);
  return isEnough ? undefined : `Node ${version} is too old; ${least.join(".")} or later is needed`;
}
