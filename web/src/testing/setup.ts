// Node.js 18 keeps what every browser has as a global in a module.
import { webcrypto } from "node:crypto";

if (globalThis.crypto?.subtle === undefined) Object.defineProperty(globalThis, "crypto", { value: webcrypto, configurable: true });
