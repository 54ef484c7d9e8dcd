/** All of Studio's texts. A further language is another catalogue of the same type. */

import { en } from "./en/index.ts";

export const t = en;
