/** A real nginx in front of the server, set up as those are that hold streams back. */

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { freePort } from "./ports.ts";
import { until } from "./until.ts";

export interface Nginx {
  readonly url: string;
  readonly stop: () => Promise<void>;
}

/** Starts one that collects and packs each answer before it passes it on, whatever the server asks for. */
export async function startNginx(upstream: string): Promise<Nginx> {
  const port = await freePort();
  const url = `http://localhost:${port}`;
  const folder = mkdtempSync(join(tmpdir(), "bellpush-nginx-"));
  const file = join(folder, "nginx.conf");
  writeFileSync(
    file,
    `daemon off;
    pid ${folder}/pid;
    error_log stderr;
    events {}
    http {
      access_log off;
      client_body_temp_path ${folder}/body;
      proxy_temp_path ${folder}/proxy;
      fastcgi_temp_path ${folder}/fastcgi;
      uwsgi_temp_path ${folder}/uwsgi;
      scgi_temp_path ${folder}/scgi;
      server {
        listen 127.0.0.1:${port};
        location / {
          proxy_pass ${upstream.replace("localhost", "127.0.0.1")};
          proxy_set_header Host $http_host;
          proxy_http_version 1.1;
          proxy_buffering on;
          proxy_buffers 16 64k;
          proxy_buffer_size 64k;
          proxy_ignore_headers X-Accel-Buffering;
          gzip on;
          gzip_proxied any;
          gzip_min_length 0;
          gzip_types text/event-stream;
        }
      }
    }`,
  );
  const child = spawn("nginx", ["-c", file, "-p", folder], { stdio: ["ignore", "ignore", "pipe"] });
  let log = "";
  child.stderr.on("data", (chunk: Buffer) => {
    log += chunk.toString();
  });
  await until("nginx answers", async () => {
    if (child.exitCode !== null) throw new Error(`nginx stopped:\n${log}`);
    const answer = await fetch(`${url}/readyz`).catch(() => null);
    return answer?.ok === true;
  });
  return {
    url,
    stop: () =>
      new Promise((resolve) => {
        child.once("exit", () => {
          rmSync(folder, { recursive: true, force: true });
          resolve();
        });
        child.kill("SIGTERM");
      }),
  };
}
