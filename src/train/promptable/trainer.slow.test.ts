import { promptableCurves } from "../../../test/support/sam-curves.ts";

promptableCurves();
