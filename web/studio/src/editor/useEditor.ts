/**
 * A form over something that the server keeps. A save that fails keeps the text and leads to the field
 * with the fault; changes by others are found before they are overwritten; a reload offers what was not
 * saved.
 */

import { type UseFormReturnType, useForm } from "@mantine/form";
import { useEffect, useRef, useState } from "react";

import { asProblem, type Problem } from "../api/problem.ts";
import { type Draft, dropDraft, keepDraft, readDraft } from "./drafts.ts";
import { changed, isSame, type Merge, merge } from "./merge.ts";
import { plainPath } from "./paths.ts";
import { isStillRefused, type Refused, refusedAt } from "./refused.ts";

/** A value as the server has it, with its version where the server names one. */
export interface Versioned<V> {
  readonly value: V;
  readonly version: string | null;
}

export interface SaveRequest<V> {
  readonly values: V;
  /** What the editor stands on: what the server has, as it was read just before. */
  readonly base: V;
  /** Only the fields that differ from what the server has. */
  readonly changes: Partial<V>;
  /** For `If-Match`. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface EditorOptions<V> {
  /** Names the draft in this browser. */
  readonly id: string;
  readonly value: V;
  /** Reads what the server has now; null for what is not there yet. */
  readonly load: (() => Promise<Versioned<V>>) | null;
  readonly save: (request: SaveRequest<V>) => Promise<void>;
  /** The form's path of a JSON pointer into the request. */
  readonly pathOf?: (pointer: string) => string;
  /** Fields that never stay in the browser. */
  readonly secrets?: readonly (keyof V)[];
}

export interface Conflict<V> extends Merge<V> {
  readonly mine: V;
  readonly theirs: Versioned<V>;
  /** What the server has, that the decision is put on. */
  readonly base: V;
}

export interface Editor<V> {
  readonly form: UseFormReturnType<V>;
  readonly isDirty: boolean;
  readonly isSaving: boolean;
  /** Why the last save failed, where no field is at fault. */
  readonly problem: Problem | null;
  readonly conflict: Conflict<V> | null;
  readonly draft: Draft<V> | null;
  readonly submit: () => Promise<boolean>;
  readonly discard: () => void;
  readonly restoreDraft: () => void;
  readonly forgetDraft: () => void;
  /** Goes on from what they have, with these values. */
  readonly resolve: (values: V) => void;
  readonly postpone: () => void;
}

export function useEditor<V extends object>(options: EditorOptions<V>): Editor<V> {
  const { id, value, load, save, pathOf = plainPath, secrets = [] } = options;
  const form = useForm<V>({ initialValues: value });
  const [base, setBase] = useState(value);
  const [isSaving, setSaving] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [conflict, setConflict] = useState<Conflict<V> | null>(null);
  const [draft, setDraft] = useState(() => differing(readDraft<V>(id), value));
  const faulty = useRef<string | null>(null);
  const refused = useRef<Refused | null>(null);
  const isDirty = !isSame(form.values, base);
  const latest = useRef(value);
  latest.current = value;
  // What was read for a save is newer than what the screen has, until the screen has something else.
  const followed = useRef(value);

  // Follows the server as long as nothing was edited.
  useEffect(() => {
    if (isDirty || isSame(value, followed.current)) return;
    followed.current = value;
    if (!isSame(value, base)) begin(value, value);
  });

  // biome-ignore lint/correctness/useExhaustiveDependencies: keeps what was typed, and nothing else
  useEffect(() => {
    // What is offered is not written over: first it is decided about.
    if (draft !== null) return;
    if (!isDirty) return dropDraft(id);
    const blank = Object.fromEntries(secrets.map((name) => [name, base[name]]));
    keepDraft(id, { ...form.values, ...blank }, base);
  }, [form.values, draft]);

  // What the server said of a field goes when it is changed, wherever it stands.
  // biome-ignore lint/correctness/useExhaustiveDependencies: when something was typed, and not before
  useEffect(() => {
    if (refused.current === null || isStillRefused(refused.current, form.values)) return;
    form.clearFieldError(refused.current.path);
    refused.current = null;
    setProblem(null);
  }, [form.values]);

  useEffect(() => {
    if (faulty.current === null) return;
    const path = faulty.current;
    faulty.current = null;
    const field = document.querySelector<HTMLElement>(`[data-path="${CSS.escape(path)}"]`);
    field?.scrollIntoView({ block: "center" });
    field?.focus();
  });

  function begin(initial: V, values: V): void {
    setBase(initial);
    form.setInitialValues(initial);
    form.setValues(values);
    form.clearErrors();
    refused.current = null;
  }

  async function submit(): Promise<boolean> {
    setSaving(true);
    setProblem(null);
    form.clearErrors();
    refused.current = null;
    const sent = form.getValues();
    try {
      const present = load === null ? null : await load();
      if (present !== null && !isSame(present.value, base)) {
        found(present);
        return false;
      }
      const headers: Record<string, string> =
        present?.version == null ? {} : { "If-Match": present.version };
      await save({ values: sent, base, changes: changed(base, sent), headers });
      const stored = load === null ? null : await load().catch(() => null);
      const next = stored?.value ?? sent;
      // What was typed meanwhile stands on what was sent; a form for something new has done its work.
      const typed = load === null ? next : merge(sent, form.getValues(), next).merged;
      if (draft === null && isSame(typed, next)) dropDraft(id);
      followed.current = latest.current;
      begin(next, typed);
      return true;
    } catch (error) {
      await fail(asProblem(error));
      return false;
    } finally {
      setSaving(false);
    }
  }

  function found(theirs: Versioned<V>): void {
    const mine = form.getValues();
    setConflict({ mine, theirs, base: theirs.value, ...merge(base, mine, theirs.value) });
  }

  async function fail(caught: Problem): Promise<void> {
    if (caught.status === 412 && load !== null) {
      const theirs = await load().catch(() => null);
      if (theirs !== null) return found(theirs);
    }
    const path = caught.pointer === null ? null : pathOf(caught.pointer);
    refused.current = path === null ? null : refusedAt(form.getValues(), path);
    const isShown =
      path !== null && document.querySelector(`[data-path="${CSS.escape(path)}"]`) !== null;
    if (isShown) {
      form.setFieldError(path, caught.message);
      faulty.current = path;
    } else {
      setProblem(caught);
    }
  }

  return {
    form,
    isDirty,
    isSaving,
    problem,
    conflict,
    draft,
    submit,
    discard: () => {
      if (draft === null) dropDraft(id);
      setProblem(null);
      begin(base, base);
    },
    restoreDraft: () => {
      if (draft === null) return;
      const { base: before, values: mine } = draft;
      // What others saved since, or was typed before this, stays where the draft had not touched it.
      const present = form.getValues();
      const put = merge(before, mine, present);
      if (put.clashes.length > 0) {
        setConflict({ mine, theirs: { value: present, version: null }, base, ...put });
        return;
      }
      begin(base, put.merged);
      setDraft(null);
    },
    forgetDraft: () => {
      dropDraft(id);
      setDraft(null);
    },
    resolve: (values) => {
      if (conflict === null) return;
      followed.current = latest.current;
      begin(conflict.base, values);
      setConflict(null);
      // Of what is offered this decides only where it was asked about.
      if (conflict.mine === draft?.values) setDraft(null);
    },
    postpone: () => setConflict(null),
  };
}

function differing<V>(draft: Draft<V> | null, value: V): Draft<V> | null {
  return draft === null || isSame(draft.values, value) ? null : draft;
}
