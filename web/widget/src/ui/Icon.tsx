/** Line icons on a 24 grid. They are decoration: the text beside them, or the label, says it. */

const PATHS = {
  phone:
    "M6.6 3.5h2.1c.5 0 .9.3 1 .8l.8 3.1c.1.4 0 .8-.3 1L8.4 10a12 12 0 0 0 5.6 5.6l1.6-1.8c.3-.3.7-.4 1-.3l3.1.8c.5.1.8.5.8 1v2.1c0 1.7-1.4 3-3.1 2.9C9.9 19.7 4.3 14.1 3.7 6.6c-.1-1.7 1.2-3.1 2.9-3.1Z",
  hangUp:
    "M12 9c-3.6 0-6.9 1-9 2.7-.8.6-1 1.7-.6 2.6l.8 1.7c.2.5.8.7 1.3.5l3-1.2c.4-.2.6-.5.6-.9v-1.9a14 14 0 0 1 7.8 0v1.9c0 .4.2.7.6.9l3 1.2c.5.2 1.1 0 1.3-.5l.8-1.7c.4-.9.2-2-.6-2.6C18.9 10 15.6 9 12 9Z",
  microphone:
    "M12 3.5a2.8 2.8 0 0 0-2.8 2.8v5.4a2.8 2.8 0 0 0 5.6 0V6.3A2.8 2.8 0 0 0 12 3.5ZM6 11.5a6 6 0 0 0 12 0M12 17.5v3",
  muted:
    "M14.8 9V6.3a2.8 2.8 0 0 0-5.4-1M9.2 9.5v2.2a2.8 2.8 0 0 0 4.7 2M6 11.5a6 6 0 0 0 9.8 4.6M18 11.5c0 .9-.2 1.7-.5 2.5M12 17.5v3M4 4l16 16",
  keypad: "M6 6h.01M12 6h.01M18 6h.01M6 12h.01M12 12h.01M18 12h.01M6 18h.01M12 18h.01M18 18h.01",
  check: "m5 12.5 4.5 4.5L19 7.5",
  alert: "M12 8v5M12 16.5h.01M12 3.5l9 16H3l9-16Z",
  moon: "M20 14.5A8 8 0 1 1 9.5 4a6.5 6.5 0 0 0 10.5 10.5Z",
  speaker: "M4 9.5h3.500L12 5.500v13l-4.5-4H4ZM15.5 9a4 4 0 0 1 0 6M18 6.500a7.5 7.5 0 0 1 0 11",
  sliders: "M4 8h9M17 8h3M15 6v4M4 16h3M11 16h9M9 14v4",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { readonly name: IconName }) {
  return <Drawing class={`bp-icon-${name}`} path={PATHS[name]} />;
}

/** An icon that few need: its path comes with who shows it. */
export function Drawing({ path, class: name = "" }: { readonly path: string; class?: string }) {
  return (
    <svg class={`bp-icon ${name}`} viewBox="0 0 24 24" aria-hidden="true">
      <path d={path} />
    </svg>
  );
}
