/** All apps. */

import { Button, SimpleGrid, TextInput } from "@mantine/core";
import { IconPlus, IconSearch } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useState } from "react";

import type { AppView } from "../../api/generated/schema.ts";
import { t } from "../../texts/index.ts";
import { Screen } from "../../ui/Screen.tsx";
import { Loaded, NoMatch, Nothing } from "../../ui/states.tsx";
import { dayOf } from "../../ui/time.ts";
import { useNew } from "../../ui/useNew.ts";
import { Permitted } from "../people/Permitted.tsx";
import classes from "./apps.module.css";
import { CreateApp } from "./CreateApp.tsx";
import { useApps } from "./queries.ts";

/** Apps from which on a filter is shown. */
const MANY = 8;

export default function List() {
  const apps = useApps();
  const create = useNew();
  const [filter, setFilter] = useState("");
  const button = (
    <Permitted scope="apps:write">
      <Button leftSection={<IconPlus size={16} />} onClick={create.open}>
        {t.apps.create}
      </Button>
    </Permitted>
  );
  return (
    <Screen title={t.apps.title} lead={t.apps.lead} actions={button}>
      <Loaded query={apps}>
        {({ items }) =>
          items.length === 0 ? (
            <div className="surface">
              <Nothing title={t.apps.none} act={button}>
                {t.apps.noneLead}
              </Nothing>
            </div>
          ) : (
            <>
              {items.length >= MANY && (
                <TextInput
                  leftSection={<IconSearch size={16} />}
                  placeholder={t.apps.filter}
                  aria-label={t.apps.filter}
                  value={filter}
                  onChange={(event) => setFilter(event.currentTarget.value)}
                  maw={320}
                />
              )}
              <Cards
                apps={items.filter((app) => app.name.toLowerCase().includes(filter.toLowerCase()))}
                clear={() => setFilter("")}
              />
            </>
          )
        }
      </Loaded>
      {create.isOpen && <CreateApp onClose={create.close} />}
    </Screen>
  );
}

function Cards({ apps, clear }: { readonly apps: readonly AppView[]; readonly clear: () => void }) {
  if (apps.length === 0) return <NoMatch clear={clear} />;
  return (
    <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }} spacing="md">
      {apps.map((app) => (
        <Link
          key={app.id}
          to="/apps/$appId"
          params={{ appId: app.id }}
          className={`surface ${classes.card}`}
        >
          <span className={classes.mark} aria-hidden>
            {[...app.name][0]?.toUpperCase()}
          </span>
          <span className={classes.cardText}>
            <span className={`${classes.cardName} one-line`}>{app.name}</span>
            <span className={`${classes.cardFact} one-line`}>{siteOf(app)}</span>
            <span className={classes.cardFact}>
              {t.apps.created} {dayOf(app.createdAt)}
            </span>
          </span>
        </Link>
      ))}
    </SimpleGrid>
  );
}

function siteOf(app: AppView): string {
  const origins = app.allowedOrigins ?? [];
  const [first] = origins;
  return origins.length === 1 && first !== undefined
    ? first.replace(/^https:\/\//, "")
    : t.apps.origins(origins.length);
}
