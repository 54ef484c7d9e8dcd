/** Puts a text into the clipboard. */
export async function copy(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Without allow="clipboard-write" the old way still works within the tap.
    const area = document.createElement("textarea");
    area.value = text;
    area.className = "bp-announcement";
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}
