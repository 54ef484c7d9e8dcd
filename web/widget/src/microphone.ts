/** The visitor's microphone and the element that plays the far side: both belong to the tap itself. */

/** Asks for the microphone; the browser shows its question. */
export async function askMicrophone(): Promise<MediaStream> {
  return navigator.mediaDevices.getUserMedia({
    audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
  });
}

let element: HTMLAudioElement | null = null;

/**
 * The audio element, playing. Made and started within the tap and kept: Safari lets no element
 * begin to play later.
 */
export function startAudio(): HTMLAudioElement {
  if (element === null) {
    element = document.createElement("audio");
    element.autoplay = true;
    element.setAttribute("playsinline", "");
    document.body.append(element);
  }
  element.srcObject = new MediaStream();
  void element.play().catch(() => undefined);
  return element;
}

interface Policy {
  allowsFeature(feature: string): boolean;
}

/** Whether the embedding page keeps the microphone from us; null where the browser does not tell. */
export function microphoneAllowedByPage(): boolean | null {
  const { permissionsPolicy, featurePolicy } = document as Document & {
    readonly permissionsPolicy?: Policy;
    readonly featurePolicy?: Policy;
  };
  const policy = permissionsPolicy ?? featurePolicy;
  return policy === undefined ? null : policy.allowsFeature("microphone");
}
