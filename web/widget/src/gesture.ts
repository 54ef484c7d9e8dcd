/**
 * Keeps one gesture from pressing two things: what has just taken the place of what was pressed is
 * not pressed by the same double click.
 */

/** The longest that two clicks lie apart which the browser counts as one gesture. */
const GESTURE_MS = 500;
/** Nobody sees what is new and presses it so soon, however the browser counts. */
const REFLEX_MS = 200;
/** Two clicks of one gesture lie nearer to each other than a finger is wide. */
const GESTURE_PX = 40;

interface Click {
  readonly at: number;
  readonly x: number;
  readonly y: number;
  /** Which click of a gesture it is, as the browser counts. */
  readonly count: number;
}

/** Whether a click belongs to the gesture of the one before. */
export function isSameGesture(before: Click, click: Click): boolean {
  return (
    click.at - before.at < (click.count > 1 ? GESTURE_MS : REFLEX_MS) &&
    Math.hypot(click.x - before.x, click.y - before.y) < GESTURE_PX
  );
}

const CONTROLS = "button, a, label, select, input, textarea";

export function guardClicks(root: HTMLElement): void {
  let before: Click | null = null;
  /** What that click pressed, and what was written on it: an element may become another control. */
  let pressed: { readonly control: Element | null; readonly words: string | null } | null = null;
  /** Where each control was at the last click. */
  let places = new Map<Element, DOMRect>();

  function wasThere(control: Element, { x, y }: Click): boolean {
    const place = places.get(control);
    return (
      place !== undefined &&
      x >= place.left &&
      x <= place.right &&
      y >= place.top &&
      y <= place.bottom
    );
  }

  root.addEventListener(
    "click",
    (event) => {
      // A click of the keyboard has no place, and the focus has moved on by then.
      if (event.detail === 0) {
        return;
      }
      const { timeStamp: at, clientX: x, clientY: y, detail: count } = event;
      const click = { at, x, y, count };
      const control = event.target instanceof Element ? event.target.closest(CONTROLS) : null;
      if (
        before !== null &&
        control !== null &&
        isSameGesture(before, click) &&
        !wasThere(control, click) &&
        !(control === pressed?.control && control.textContent === pressed.words)
      ) {
        event.preventDefault();
        event.stopImmediatePropagation();
        // The third click of the gesture meets the places as they were at its first.
        before = click;
        return;
      }
      before = click;
      pressed = { control, words: control?.textContent ?? null };
      places = new Map(
        Array.from(root.querySelectorAll(CONTROLS), (one) => [one, one.getBoundingClientRect()]),
      );
    },
    { capture: true },
  );
}
