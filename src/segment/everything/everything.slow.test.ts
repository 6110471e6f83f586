import { everythingCases } from "../../../test/support/everything-cases.ts";

everythingCases();
