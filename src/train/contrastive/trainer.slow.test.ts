import { contrastiveCurves } from "../../../test/support/contrastive-curves.ts";

contrastiveCurves();
