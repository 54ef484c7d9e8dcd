/** Colours as `#rrggbb`: mixing them, and their contrast by WCAG 2.2. */

type Rgb = readonly [number, number, number];

function read(color: string): Rgb {
  const value = Number.parseInt(color.slice(1), 16);
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255];
}

/** So much of one colour in another, from 0 to 1. */
export function mix(base: string, other: string, amount: number): string {
  const [from, to] = [read(base), read(other)];
  const channel = (at: 0 | 1 | 2) => Math.round(from[at] + (to[at] - from[at]) * amount);
  const digits = ([0, 1, 2] as const).map((at) => channel(at).toString(16).padStart(2, "0"));
  return `#${digits.join("")}`;
}

function luminance(color: string): number {
  const [red, green, blue] = read(color).map((value) => {
    const part = value / 255;
    return part <= 0.040_45 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  }) as unknown as Rgb;
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** From 1 to 21. */
export function contrast(one: string, other: string): number {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b) as [
    number,
    number,
  ];
  return (light + 0.05) / (dark + 0.05);
}
