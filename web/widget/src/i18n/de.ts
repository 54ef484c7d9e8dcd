/** German. */

import type { Texts } from "./texts.ts";

const texts: Texts = {
  language: "de",
  direction: "ltr",
  idle: {
    title: "Sprechen Sie mit uns",
    text: "Ein kostenloser Anruf direkt aus Ihrem Browser. Ganz ohne Telefon.",
    call: "Jetzt anrufen",
    hint: "Ihr Browser fragt gleich nach dem Mikrofon.",
  },
  elsewhere: {
    title: "Sie sind in einem Gespräch",
    text: "Es läuft in einem anderen Tab weiter.",
    call: "Gespräch hierher holen",
  },
  phases: {
    requesting: "Erlauben Sie das Mikrofon",
    connecting: "Verbinde …",
    ringing: "Es klingelt …",
    connected: "Verbunden",
    reconnecting: "Verbinde neu …",
  },
  calling: {
    allow: "Ihr Browser fragt jetzt danach.",
    cancel: "Abbrechen",
    leaving: "Wird beendet …",
    held: "Gehalten",
    mute: "Stumm",
    unmute: "Stumm aus",
    muted: "Mikrofon aus",
    listening: "Sie hören ohne Mikrofon zu. Die Wähltastatur können Sie benutzen.",
    hear: "Tippen, um zu hören",
    keypad: "Tasten",
    audio: "Audio",
    star: "Stern",
    hash: "Raute",
    hangUp: "Auflegen",
    duration: "Dauer",
  },
  devices: {
    microphone: "Mikrofon",
    speaker: "Lautsprecher",
    none: "Hier gibt es nichts auszuwählen.",
    failed: "Dieses Gerät konnte nicht benutzt werden.",
  },
  warnings: {
    microphone_lost: "Ihr Mikrofon ist weg. Schließen Sie eines an, damit man Sie hört.",
    microphone_silent: "Ihr Mikrofon gibt keinen Ton. Ist es ausgeschaltet?",
    nothing_heard: "Von der anderen Seite kommt gerade nichts an.",
    network_weak: "Ihr Netz ist schwach. Der Ton kann aussetzen.",
    talking_muted: "Sie sind stummgeschaltet.",
  },
  quality: {
    4: "Ausgezeichnete Verbindung",
    3: "Gute Verbindung",
    2: "Schwache Verbindung",
    1: "Schlechte Verbindung",
  },
  ended: {
    title: "Gespräch beendet",
    thanks: "Vielen Dank für Ihren Anruf.",
    duration: (time: string) => `Es dauerte ${time}.`,
    again: "Noch einmal anrufen",
  },
  survey: {
    title: "Wie waren wir?",
    lowest: "Schlecht",
    highest: "Großartig",
    rating: (rating: number) => `${rating} von 5`,
    commentHint: "Freiwillig",
    submit: "Senden",
    missing: "Bitte beantworten Sie mindestens eine Frage.",
  },
  submitted: {
    title: "Vielen Dank!",
    text: "Ihre Rückmeldung hilft uns, besser zu werden.",
    again: "Von vorn beginnen",
  },
  error: {
    title: "Der Anruf hat nicht geklappt",
    messages: {
      media_failed: "Die Tonverbindung ist abgebrochen.",
      microphone_denied:
        "Das Mikrofon wurde nicht erlaubt. Erlauben Sie es in den Einstellungen Ihres Browsers für diese Seite: Der Anruf geht dann von selbst weiter.",
      microphone_unavailable:
        "Es konnte kein Mikrofon benutzt werden. Schließen Sie eines an oder beenden Sie andere Programme, die es benutzen, und versuchen Sie es dann noch einmal.",
      browser_unsupported: "Mit diesem Browser kann hier nicht angerufen werden.",
      signaling_failed:
        "Der Anruf konnte nicht aufgebaut werden. Prüfen Sie Ihre Verbindung und versuchen Sie es dann noch einmal.",
      destination_busy: "Der Anschluss ist besetzt. Bitte versuchen Sie es gleich noch einmal.",
      destination_unreachable: "Der Anschluss ist gerade nicht erreichbar.",
      destination_rejected: "Der Anruf wurde nicht angenommen.",
      no_answer: "Niemand hat abgenommen. Bitte versuchen Sie es später noch einmal.",
      rate_limited:
        "Es wurden zu viele Anrufe begonnen. Bitte warten Sie eine Minute und versuchen Sie es dann noch einmal.",
      closed: "Wir haben gerade geschlossen.",
      session_expired:
        "Diese Seite war zu lange geöffnet. Laden Sie sie neu und versuchen Sie es dann noch einmal.",
      server_shutdown:
        "Der Anruf wurde beendet, weil der Dienst neu startete. Bitte rufen Sie noch einmal an.",
    },
    reasons: {
      by_page:
        "Diese Seite lässt Anrufe das Mikrofon nicht benutzen. Sie können das hier nicht ändern.",
      by_system:
        "Ihr Gerät lässt den Browser das Mikrofon nicht benutzen. Erlauben Sie es in den Datenschutz-Einstellungen des Geräts und versuchen Sie es dann noch einmal.",
      blocked:
        "Das Mikrofon ist für diese Seite gesperrt, von der Seite selbst oder in den Einstellungen Ihres Browsers für sie.",
      unanswered:
        "Ihr Browser hat nach dem Mikrofon gefragt und keine Antwort bekommen. Versuchen Sie es noch einmal und antworten Sie mit „Zulassen“.",
      insecure: "Diese Seite ist nicht sicher, deshalb lässt Ihr Browser hier niemanden anrufen.",
      in_app: "Diese App kann nicht anrufen. Öffnen Sie diese Seite in Safari oder Chrome.",
      no_webrtc:
        "Dieser Browser kann nicht anrufen, oder Anrufe sind in ihm abgeschaltet. Öffnen Sie diese Seite in einem anderen Browser.",
      no_devices:
        "Dieser Browser kann kein Mikrofon benutzen. Öffnen Sie diese Seite in einem anderen Browser.",
    },
    retry: "Noch einmal versuchen",
    copyAddress: "Link kopieren",
    listen: "Ohne Mikrofon anrufen",
    listenHint: "Sie hören die andere Seite und können die Wähltastatur benutzen.",
  },
  closed: {
    title: "Wir haben gerade geschlossen",
    text: "Bitte kommen Sie zu unseren Geschäftszeiten wieder.",
    opens: (moment: string) => `Sie können uns ab ${moment} wieder anrufen.`,
  },
  refused: {
    title: "Dieser Anrufknopf kann nicht gezeigt werden",
    text: "Er funktioniert nur auf einer Seite, die ihn einbetten darf.",
  },
  copied: "Kopiert",
};

export default texts;
