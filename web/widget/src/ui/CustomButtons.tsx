/** The app owner's own buttons, in the states that they are meant for. */

import type { ButtonAction, CustomButton, State } from "@bellpush/protocol";
import { useState } from "preact/hooks";
import type { Texts } from "../i18n/index.ts";
import { Icon, type IconName } from "./Icon.tsx";
import { Text } from "./Text.tsx";

const ICONS: Readonly<Record<ButtonAction, IconName>> = {
  link: "link",
  copy: "copy",
  call_phone: "phone",
  email: "mail",
  emit: "spark",
};

export interface CustomButtonsProps {
  readonly buttons: readonly CustomButton[];
  readonly state: State;
  readonly t: Texts;
  readonly onPress: (button: CustomButton) => void;
}

export function CustomButtons({ buttons, state, t, onPress }: CustomButtonsProps) {
  const shown = buttons.filter((button) => button.states.includes(state));
  if (shown.length === 0) {
    return null;
  }
  return (
    <div class="bp-custom">
      {shown.map((button) => (
        <Custom key={button.label} button={button} t={t} onPress={() => onPress(button)} />
      ))}
    </div>
  );
}

interface CustomProps {
  readonly button: CustomButton;
  readonly t: Texts;
  readonly onPress: () => void;
}

function Custom({ button, t, onPress }: CustomProps) {
  const [copied, setCopied] = useState(false);
  const address = addressOf(button);
  const face = (
    <>
      <Icon name={copied ? "check" : ICONS[button.action]} />
      <span aria-live="polite">
        <Text text={copied ? t.copied : button.label} />
      </span>
    </>
  );
  if (address !== null) {
    const tab = button.action === "link" ? { target: "_blank", rel: "noopener noreferrer" } : {};
    return (
      <a class="bp-button bp-quiet" href={address} {...tab} onClick={onPress}>
        {face}
      </a>
    );
  }
  const press = () => {
    onPress();
    setCopied(button.action === "copy");
  };
  return (
    <button type="button" class="bp-button bp-quiet" onClick={press}>
      {face}
    </button>
  );
}

function addressOf(button: CustomButton): string | null {
  switch (button.action) {
    case "link":
      return /^https?:/i.test(button.url) ? button.url : "about:blank";
    case "call_phone":
      return `tel:${button.number.replace(/[^+\d]/g, "")}`;
    case "email":
      return `mailto:${button.address}`;
    case "copy":
    case "emit":
      return null;
  }
}
