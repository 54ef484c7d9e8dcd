/** Whether the whole trail is as it was written: each line vouches for those before it. */

import { Button } from "@mantine/core";
import { IconShieldCheck } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";

import { client } from "../../api/client.ts";
import { asProblem } from "../../api/problem.ts";
import { t } from "../../texts/index.ts";
import { Status } from "../../ui/Status.tsx";
import { figure } from "../../ui/time.ts";
import ui from "../../ui/ui.module.css";
import { Permitted } from "../people/Permitted.tsx";

export function useTrailCheck() {
  return useMutation({ mutationFn: async () => (await client.GET("/v1/audit/check")).data });
}

type Check = ReturnType<typeof useTrailCheck>;

export function CheckButton({ check }: { readonly check: Check }) {
  return (
    <Permitted scope="audit:read">
      <Button
        variant="default"
        leftSection={<IconShieldCheck size={16} stroke={1.6} aria-hidden />}
        loading={check.isPending}
        onClick={() => check.mutate()}
      >
        {t.people.audit.check}
      </Button>
    </Permitted>
  );
}

export function CheckResult({ check: { data, error } }: { readonly check: Check }) {
  const words = t.people.audit;
  return (
    <div role="status" className={ui.sentence}>
      {error !== null && <Status tone="bad">{asProblem(error).message}</Status>}
      {data?.lines != null && (
        <Status tone="good">{words.whole(data.lines, figure(data.lines))}</Status>
      )}
      {data?.fault != null && <Status tone="bad">{words.notWhole(data.fault)}</Status>}
    </div>
  );
}
