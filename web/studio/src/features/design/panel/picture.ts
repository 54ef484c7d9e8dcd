/** The colour of a picture that is chosen from this computer; it goes nowhere. */

import { dominant } from "../core/colors.ts";

const SIDE = 64;

/** null: no picture, or one of greys. */
export async function colorOfPicture(file: Blob): Promise<string | null> {
  try {
    const picture = await createImageBitmap(file, { resizeWidth: SIDE, resizeHeight: SIDE });
    const canvas = document.createElement("canvas");
    canvas.width = SIDE;
    canvas.height = SIDE;
    const pen = canvas.getContext("2d");
    pen?.drawImage(picture, 0, 0);
    picture.close();
    const pixels = pen?.getImageData(0, 0, SIDE, SIDE).data;
    return pixels === undefined ? null : dominant(pixels);
  } catch {
    return null;
  }
}
