/** A mail server: it wants a name and a password, and keeps what it takes. */

import { SMTPServer } from "smtp-server";

export interface MailServer {
  /** For `--smtp-url`. */
  readonly url: string;
  /** Whole mails, with their heads. */
  readonly mails: readonly { readonly to: readonly string[]; readonly text: string }[];
  readonly stop: () => void;
}

const USER = "bellpush";
const PASSWORD = "quiet-lantern";

export async function startMailServer(): Promise<MailServer> {
  const mails: { to: readonly string[]; text: string }[] = [];
  const server = new SMTPServer({
    // As in a network of its own: the test has no certificate for it.
    disabledCommands: ["STARTTLS"],
    allowInsecureAuth: true,
    onAuth: ({ username, password }, _session, done) => {
      if (username === USER && password === PASSWORD) done(null, { user: USER });
      else done(new Error("the name or the password is wrong"));
    },
    onData: (stream, session, done) => {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => {
        const to = session.envelope.rcptTo.map(({ address }) => address);
        mails.push({ to, text: Buffer.concat(chunks).toString() });
        done();
      });
    },
  });
  const port = await new Promise<number>((resolve) => {
    const listening = server.listen(0, "127.0.0.1", () => {
      const address = listening.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
  });
  return {
    url: `smtp://${USER}:${PASSWORD}@127.0.0.1:${port}`,
    mails,
    stop: () => void server.close(),
  };
}
