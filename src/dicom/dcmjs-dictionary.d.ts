/** The data dictionary of dcmjs, which has no types of its own. */
declare module "dcmjs/dictionary" {
  interface Entry {
    /** "(0028,0010)"; private tags have their creator inside. */
    readonly tag: string;
    /** Two letters; "xs", "ox", "lt", "up" and "na" where the standard leaves a choice. */
    readonly vr?: string;
    /** The keyword; "RETIRED_..." for those that were taken out of the standard. */
    readonly name: string;
  }
  const dictionary: Readonly<Record<string, Entry>>;

  export { dictionary };
}
