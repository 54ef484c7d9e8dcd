/** The receivers, one language at a time. */

import { Select, Stack, Text } from "@mantine/core";
import { useState } from "react";

import { t } from "../../texts/index.ts";
import { Code } from "../../ui/Code.tsx";
import { RECEIVERS } from "./programs.ts";

export default function Receivers() {
  const [language, setLanguage] = useState(RECEIVERS[0]?.language ?? "");
  const chosen = RECEIVERS.find((one) => one.language === language);
  const words = t.integrations.verify;
  return (
    <Stack>
      <Select
        label={words.language}
        allowDeselect={false}
        maw={240}
        data={RECEIVERS.map((one) => one.language)}
        value={language}
        onChange={(value) => setLanguage(value ?? language)}
      />
      <Text c="dimmed">{words.lead}</Text>
      <Code text={`WEBHOOK_SECRET=whsec_… PORT=8080 ${chosen?.command ?? ""}`} label={words.lead} />
      <Code text={chosen?.code ?? ""} label={words.code} />
    </Stack>
  );
}
