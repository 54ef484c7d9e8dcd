/** Which microphone is heard, and by which loudspeaker the far side is; changed while the call goes on. */

import { useEffect, useState } from "preact/hooks";
import type { Actions } from "../actions.ts";
import type { DeviceChoice, DeviceList, Devices } from "../call/devices.ts";
import type { Texts } from "../i18n/index.ts";
import type { DeviceKind } from "../memory.ts";
import { Text } from "../ui/Text.tsx";

export function DeviceMenu({ t, actions }: { readonly t: Texts; readonly actions: Actions }) {
  const [list, setList] = useState<DeviceList | null>(null);
  const [failed, setFailed] = useState(false);
  const [devices, setDevices] = useState<Devices | null>(null);

  useEffect(() => {
    let shown = true;
    let stop: (() => void) | undefined;
    void actions.devices().then((open) => {
      if (!shown || open === null) {
        return;
      }
      const read = () => void open.list().then((found) => shown && setList(found));
      setDevices(open);
      read();
      stop = open.onChange(read);
    });
    return () => {
      shown = false;
      stop?.();
    };
  }, [actions]);

  async function choose(kind: DeviceKind, id: string): Promise<void> {
    const chosen = await devices?.choose(kind, id);
    setFailed(chosen === false);
    const now = await devices?.list();
    if (now !== undefined) {
      setList(now);
    }
  }

  if (list === null) {
    return null;
  }
  const kinds = (["microphone", "speaker"] as const).filter(
    (kind) => list[kind].devices.length > 0,
  );
  return (
    <div class="bp-devices">
      {kinds.map((kind) => (
        <Choice
          key={kind}
          label={t.devices[kind]}
          choice={list[kind]}
          onChoose={(id) => void choose(kind, id)}
        />
      ))}
      {kinds.length === 0 && <Text as="p" class="bp-text" text={t.devices.none} />}
      <p class="bp-missing" role="alert">
        {failed && <Text text={t.devices.failed} />}
      </p>
    </div>
  );
}

interface ChoiceProps {
  readonly label: string;
  readonly choice: DeviceChoice;
  readonly onChoose: (id: string) => void;
}

function Choice({ label, choice: { devices, chosen }, onChoose }: ChoiceProps) {
  return (
    <label class="bp-choice">
      <Text text={label} />
      {/* A device's name is cut at its end, in whatever script the visitor reads. */}
      <select
        dir="auto"
        value={chosen ?? ""}
        onChange={({ currentTarget }) => onChoose(currentTarget.value)}
      >
        {devices.map((device) => (
          <option key={device.id} value={device.id} selected={device.id === chosen}>
            {device.label}
          </option>
        ))}
      </select>
    </label>
  );
}
