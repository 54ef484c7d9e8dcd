/** Names and values, one below the other. Those without a value are left out. */

import { Fragment, type ReactNode } from "react";

import classes from "./ui.module.css";

export type Fact = readonly [name: string, value: ReactNode];

export function Facts({ of }: { readonly of: readonly Fact[] }) {
  const known = of.filter(([, value]) => value !== null && value !== undefined && value !== "");
  return (
    <dl className={classes.facts}>
      {known.map(([name, value]) => (
        <Fragment key={name}>
          <dt>{name}</dt>
          <dd className="foreign">{value}</dd>
        </Fragment>
      ))}
    </dl>
  );
}
