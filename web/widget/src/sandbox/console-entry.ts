import { followCode } from "./console.ts";

followCode(window);
