import { ConfigError } from "../errors.ts";

/**
 * The frozen tensors of a training.
 *
 * @param patterns - their names; "*" stands for any characters
 * @param names - of all tensors of the model
 * @throws ConfigError when a pattern matches no tensor: it would silently freeze nothing
 */
export function frozenNames(patterns: readonly string[], names: readonly string[]): (name: string) => boolean {
  const expressions = patterns.map((pattern) => {
    const parts = pattern.split("*").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
    const expression = new RegExp(`^${parts.join(".*")}$`);
    if (!names.some((name) => expression.test(name)))
      throw new ConfigError(`freeze: no tensor is called "${pattern}"; names look like "${names[1]}". "*" matches any characters.`);
    return expression;
  });
  return (name) => expressions.some((expression) => expression.test(name));
}
