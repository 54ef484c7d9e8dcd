/** The app owner's own buttons. */

import type { ButtonAction, design } from "@bellpush/protocol";
import { useState } from "preact/hooks";
import { Drawing, Icon } from "../ui/Icon.tsx";
import { Text } from "../ui/Text.tsx";
import type { BlockProps } from "./scene.ts";
import { wordsOf } from "./words.ts";

/** The paths of their icons; a phone call has the widget's own. */
const ICONS: Readonly<Record<Exclude<ButtonAction, "call_phone">, string>> = {
  link: "M13.5 5H19v5.5M19 5l-8 8M10 6H6.5A1.5 1.5 0 0 0 5 7.5v10A1.5 1.5 0 0 0 6.5 19h10a1.5 1.5 0 0 0 1.5-1.5V14",
  copy: "M9 9h9.5v10.5H9ZM15 9V5H5v10.5h4",
  email: "M4 6.5h16v11H4ZM4.5 7l7.5 6 7.5-6",
  emit: "M12 4v4M12 16v4M4 12h4M16 12h4M6.5 6.5l2.5 2.5M15 15l2.5 2.5M17.5 6.5 15 9M9 15l-2.5 2.5",
};

export function Button({ block: { label, effect }, scene }: BlockProps<"button">) {
  const [copied, setCopied] = useState(false);
  const words = wordsOf(label, scene);
  const address = addressOf(effect);
  const onPress = () => {
    scene.actions.press(words.text, effect);
    setCopied(effect.action === "copy");
  };
  const face = (
    <>
      {copied || effect.action === "call_phone" ? (
        <Icon name={copied ? "check" : "phone"} />
      ) : (
        <Drawing path={ICONS[effect.action]} />
      )}
      <span aria-live="polite">
        <Text {...(copied ? { text: scene.t.copied } : words)} />
      </span>
    </>
  );
  if (address !== null) {
    const tab = effect.action === "link" ? { target: "_blank", rel: "noopener noreferrer" } : {};
    return (
      <a class="bp-button bp-quiet" href={address} {...tab} onClick={onPress}>
        {face}
      </a>
    );
  }
  return (
    <button type="button" class="bp-button bp-quiet" onClick={onPress}>
      {face}
    </button>
  );
}

function addressOf(effect: design.ButtonEffect): string | null {
  switch (effect.action) {
    case "link":
      return /^https?:/i.test(effect.url) ? effect.url : "about:blank";
    case "call_phone":
      return `tel:${effect.number.replace(/[^+\d]/g, "")}`;
    case "email":
      return `mailto:${effect.address}`;
    case "copy":
    case "emit":
      return null;
  }
}
