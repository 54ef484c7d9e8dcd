/** Colours with their contrast, shape, type, logo, and the button in the page. */

import type { design } from "@bellpush/protocol";
import {
  Button,
  ColorInput,
  FileButton,
  Group,
  Select,
  SimpleGrid,
  Slider,
  Stack,
  Switch,
  Text,
  TextInput,
  Title,
} from "@mantine/core";
import { IconPhoto } from "@tabler/icons-react";
import { useState } from "react";

import { t } from "../../../texts/index.ts";
import { Status } from "../../../ui/Status.tsx";
import { type ColorName, isColor, pairsOf, type Scheme, withAccent } from "../core/colors.ts";
import { inAll } from "../core/kinds.ts";
import { setColor, setTheme } from "../core/operations.ts";
import { useEditing } from "../editing.ts";
import classes from "./panel.module.css";
import { colorOfPicture } from "./picture.ts";
import { TextEdit } from "./TextEdit.tsx";

const PRESETS = {
  teal: "#0b7367",
  ocean: "#1660b8",
  plum: "#7a3aa8",
  ember: "#b3471d",
  ink: "#24303a",
} as const;

const options = <K extends string>(of: Readonly<Record<K, string>>) =>
  (Object.entries(of) as [K, string][]).map(([value, label]) => ({ value, label }));

export default function ThemePanel({ scheme }: { readonly scheme: Scheme }) {
  return (
    <Stack gap="lg">
      <FromOne />
      <Colors scheme={scheme} />
      <Contrast scheme={scheme} />
      <Shape />
      <Logo />
      <Launcher />
    </Stack>
  );
}

function FromOne() {
  const { document, edit } = useEditing();
  const words = t.design.theme;
  const [isGrey, setGrey] = useState(false);
  const take = (color: string, run?: string) =>
    edit(
      (present) =>
        setTheme(present, {
          light: withAccent(present.theme.light, color),
          dark: withAccent(present.theme.dark, color),
        }),
      run,
    );
  return (
    <section aria-label={words.presets}>
      <Text size="sm" fw={500} mb={4}>
        {words.presets}
      </Text>
      <Group gap="xs" mb="sm">
        {(Object.keys(PRESETS) as (keyof typeof PRESETS)[]).map((name) => (
          <Button
            key={name}
            size="compact-sm"
            variant="default"
            leftSection={<span className={classes.swatch} style={{ background: PRESETS[name] }} />}
            onClick={() => take(PRESETS[name])}
          >
            {words.preset[name]}
          </Button>
        ))}
      </Group>
      <ColorInput
        label={words.fromColor}
        description={words.fromColorHint}
        format="hex"
        withEyeDropper={false}
        value={document.theme.light.accent}
        onChange={(color) => isColor(color) && take(color, "accent")}
      />
      <FileButton
        accept="image/*"
        onChange={async (file) => {
          const color = file === null ? null : await colorOfPicture(file);
          setGrey(file !== null && color === null);
          if (color !== null) take(color);
        }}
      >
        {(props) => (
          <Button
            {...props}
            mt="xs"
            variant="default"
            size="compact-md"
            leftSection={<IconPhoto size={15} />}
          >
            {words.fromLogo}
          </Button>
        )}
      </FileButton>
      <Text size="xs" c="dimmed" mt={4}>
        {isGrey ? words.noColor : words.fromLogoHint}
      </Text>
    </section>
  );
}

function Colors({ scheme }: { readonly scheme: Scheme }) {
  const { document, edit, seal } = useEditing();
  const words = t.design.theme;
  const palette = document.theme[scheme];
  return (
    <section aria-label={words.colors}>
      <Title order={2} size="h3" mb="xs">
        {words.colors} · {t.design.canvas[scheme]}
      </Title>
      <SimpleGrid cols={2} spacing="xs">
        {(Object.keys(words.names) as ColorName[]).map((name) => (
          <ColorInput
            key={name}
            size="xs"
            label={words.names[name]}
            format="hex"
            withEyeDropper={false}
            value={palette[name]}
            onChange={(color) =>
              isColor(color) &&
              edit(
                (present) => setColor(present, scheme, name, color.toLowerCase()),
                `color ${scheme} ${name}`,
              )
            }
            onChangeEnd={seal}
          />
        ))}
      </SimpleGrid>
    </section>
  );
}

/** Every pair that the widget puts on each other, by the server's rule. */
function Contrast({ scheme }: { readonly scheme: Scheme }) {
  const { document } = useEditing();
  const words = t.design.theme;
  const palette = document.theme[scheme];
  const ratio = (value: number) => (Math.floor(value * 100) / 100).toFixed(2);
  return (
    <section aria-label={words.contrast}>
      <Title order={2} size="h3" mb="xs">
        {words.contrast}
      </Title>
      <ul className={classes.pairs}>
        {pairsOf(palette).map((pair) => {
          const isGood = pair.ratio >= pair.needed;
          return (
            <li key={`${pair.front} ${pair.back}`}>
              <span
                className={classes.sample}
                style={{ background: palette[pair.back], color: palette[pair.front] }}
                aria-hidden
              >
                Aa
              </span>
              <span className={classes.pair}>
                {words.pair(words.names[pair.front], words.names[pair.back])}
              </span>
              <Status tone={isGood ? "good" : "bad"}>
                {isGood ? ratio(pair.ratio) : words.needs(ratio(pair.ratio), String(pair.needed))}{" "}
                <span className={classes.quiet}>{isGood ? words.enough : words.tooLittle}</span>
              </Status>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

function Shape() {
  const { document, edit, seal } = useEditing();
  const words = t.design.theme;
  const { radius, density, font } = document.theme;
  const set = (change: Partial<design.Theme>, run?: string) =>
    edit((present) => setTheme(present, change), run);
  return (
    <section aria-label={words.shape}>
      <Title order={2} size="h3" mb="xs">
        {words.shape}
      </Title>
      <Stack gap="sm">
        <div>
          <Text size="sm" fw={500}>
            {words.radius}
          </Text>
          <Slider
            min={0}
            max={32}
            value={radius}
            thumbLabel={words.radius}
            onChange={(value) => set({ radius: value }, "radius")}
            onChangeEnd={seal}
          />
        </div>
        <Select
          label={words.density}
          allowDeselect={false}
          data={options(words.densities)}
          value={density}
          onChange={(value) => set({ density: value as design.Density })}
        />
        <Select
          label={words.font}
          allowDeselect={false}
          data={options(words.fonts)}
          value={font.stack}
          onChange={(value) => set({ font: { ...font, stack: value as design.FontStack } })}
        />
        <Switch
          label={words.ownFont}
          checked={font.file !== null}
          onChange={({ currentTarget: { checked } }) =>
            set({ font: { ...font, file: checked ? { family: "Own", url: "https://" } : null } })
          }
        />
        {font.file !== null && (
          <>
            <TextInput
              label={words.fontName}
              maxLength={64}
              value={font.file.family}
              onChange={({ currentTarget: { value: family } }) =>
                /^[\p{L}\p{N} -]+$/u.test(family) &&
                font.file !== null &&
                set({ font: { ...font, file: { ...font.file, family } } }, "font name")
              }
              onBlur={seal}
            />
            <TextInput
              label={words.fontUrl}
              value={font.file.url}
              onChange={({ currentTarget: { value: url } }) =>
                font.file !== null &&
                set({ font: { ...font, file: { ...font.file, url } } }, "font url")
              }
              onBlur={seal}
            />
          </>
        )}
      </Stack>
    </section>
  );
}

function Logo() {
  const { document, edit, seal } = useEditing();
  const words = t.design.theme;
  const { logo } = document.theme;
  const set = (next: design.Logo | null, run?: string) =>
    edit((present) => setTheme(present, { logo: next }), run);
  return (
    <Stack gap="sm">
      <Switch
        label={words.logo}
        checked={logo !== null}
        onChange={({ currentTarget: { checked } }) =>
          set(
            checked
              ? { src: "https://", alt: inAll(document.languages, t.design.fresh.imageAlt) }
              : null,
          )
        }
      />
      {logo !== null && (
        <>
          <TextInput
            label={words.logoSrc}
            value={logo.src}
            onChange={(event) => set({ ...logo, src: event.currentTarget.value }, "logo")}
            onBlur={seal}
          />
          <TextEdit
            block={null}
            path={["theme", "logo", "alt"]}
            value={logo.alt}
            label={words.logoAlt}
          />
        </>
      )}
    </Stack>
  );
}

function Launcher() {
  const { document, edit } = useEditing();
  const words = t.design.theme;
  const { launcher } = document.theme;
  const set = (change: Partial<design.Launcher>) =>
    edit((present) => setTheme(present, { launcher: { ...present.theme.launcher, ...change } }));
  return (
    <section aria-label={words.launcher}>
      <Title order={2} size="h3">
        {words.launcher}
      </Title>
      <Text size="xs" c="dimmed" mb="xs">
        {words.launcherLead}
      </Text>
      <Stack gap="sm">
        <Select
          label={words.icon}
          allowDeselect={false}
          data={options(words.icons)}
          value={launcher.icon}
          onChange={(icon) => set({ icon: icon as design.LauncherIcon })}
        />
        <Select
          label={words.position}
          allowDeselect={false}
          data={options(words.positions)}
          value={launcher.position}
          onChange={(position) => set({ position: position as design.Corner })}
        />
        <TextEdit
          block={null}
          path={["theme", "launcher", "label"]}
          value={launcher.label}
          label={words.launcherLabel}
        />
      </Stack>
    </section>
  );
}
