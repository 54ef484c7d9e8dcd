/** A certificate for 127.0.0.1 that signs itself: for telephones that speak TLS, and trusted by the server. */

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Certificate {
  /** PEM of the certificate alone. */
  readonly file: string;
  /** PEM of the certificate and its key. */
  readonly withKey: string;
}

let made: Certificate | null = null;

/** The one of this process; it is made when it is first asked for. */
export function certificate(): Certificate {
  if (made) return made;
  const folder = mkdtempSync(join(tmpdir(), "bellpush-certificate-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const [file, key, withKey] = ["cert.pem", "key.pem", "both.pem"].map((name) =>
    join(folder, name),
  ) as [string, string, string];
  execFileSync(
    "openssl",
    [
      ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"],
      ...["-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"],
      // Of a server, and no authority: what is both is not believed.
      ...["-addext", "basicConstraints=critical,CA:FALSE"],
      ...["-keyout", key, "-out", file],
    ],
    { stdio: "pipe" },
  );
  writeFileSync(withKey, readFileSync(file, "utf8") + readFileSync(key, "utf8"));
  made = { file, withKey };
  return made;
}
