/** A field of a form that is on or off. */

import { Switch } from "@mantine/core";

interface SwitchFieldProps {
  readonly form: {
    readonly getInputProps: (name: string, options: { type: "checkbox" }) => object;
  };
  readonly name: string;
  readonly label: string;
  readonly description?: string;
}

export function SwitchField({ form, name, label, description }: SwitchFieldProps) {
  const props = form.getInputProps(name, { type: "checkbox" });
  return <Switch label={label} description={description} {...props} />;
}
