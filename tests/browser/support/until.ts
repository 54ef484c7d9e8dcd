/** Asks again and again until the answer is there, or the time is up. */
export async function until<T>(
  what: string,
  ask: () => T | Promise<T>,
  within = 15_000,
): Promise<NonNullable<T>> {
  const end = Date.now() + within;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (Date.now() > end) throw new Error(`after ${within} ms it is still not so: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
