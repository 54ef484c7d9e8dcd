/**
 * What is done when the network changes or goes away: ICE is restarted, again with growing pauses,
 * until media flows or the time is up.
 *
 * Knows no connection and no request, only what it is told and when.
 */

import type { ConnectionState } from "./media.ts";

/** How long media may be interrupted before the call is given up. */
export const GIVE_UP_MS = 20_000;
/** A connection that says it is disconnected often comes back by itself. */
export const SETTLE_MS = 2000;
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 5000;

export interface RecoveryPorts {
  readonly later: (ms: number, run: () => void) => void;
  /** Restarts ICE once; resolves when the attempt is through, whatever became of it. */
  readonly restart: () => Promise<void>;
  readonly onInterrupted: () => void;
  readonly onRecovered: () => void;
  readonly onLost: () => void;
}

export interface Recovery {
  connection(state: ConnectionState): void;
  /** Another connection has taken the place of the present one, and has a moment to connect. */
  replaced(): void;
  /** The browser has a network again, maybe another one. */
  online(): void;
  interrupted(): boolean;
  stop(): void;
}

export function createRecovery(ports: RecoveryPorts): Recovery {
  let interrupted = false;
  let restarting = false;
  let stopped = false;
  let attempts = 0;
  /** Names the present interruption, and the present plan, for timers of before. */
  let interruption = 0;
  let plan = 0;

  function restartIn(ms: number): void {
    plan += 1;
    const own = plan;
    ports.later(ms, () => {
      if (own === plan && !stopped) {
        interrupt();
        void restart();
      }
    });
  }

  async function restart(): Promise<void> {
    if (stopped || restarting) {
      return;
    }
    restarting = true;
    plan += 1;
    await ports.restart().catch(() => undefined);
    restarting = false;
    if (interrupted && !stopped) {
      // What was restarted needs a moment of its own to connect.
      restartIn(Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** attempts));
      attempts += 1;
    }
  }

  function interrupt(): void {
    if (interrupted) {
      return;
    }
    interrupted = true;
    interruption += 1;
    attempts = 0;
    const own = interruption;
    ports.onInterrupted();
    ports.later(GIVE_UP_MS, () => {
      if (interrupted && own === interruption && !stopped) {
        stopped = true;
        ports.onLost();
      }
    });
  }

  return {
    connection(state) {
      if (stopped) {
        return;
      }
      switch (state) {
        case "connected":
          plan += 1;
          if (interrupted) {
            interrupted = false;
            ports.onRecovered();
          }
          break;
        case "disconnected":
          if (!interrupted) {
            interrupt();
            restartIn(SETTLE_MS);
          }
          break;
        case "failed":
          interrupt();
          void restart();
          break;
        case "closed":
          // The far end has closed it: no restart brings it back, and the server's word is due.
          interrupt();
          break;
      }
    },
    replaced: () => restartIn(SETTLE_MS),
    online() {
      if (!stopped) {
        void restart();
      }
    },
    interrupted: () => interrupted,
    stop() {
      stopped = true;
    },
  };
}
