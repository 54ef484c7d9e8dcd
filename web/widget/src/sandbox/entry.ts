import { install } from "./bridge.ts";

install(window);
