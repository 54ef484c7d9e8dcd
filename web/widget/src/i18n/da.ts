/** Danish. */

import type { Texts } from "./texts.ts";

const texts: Texts = {
  language: "da",
  direction: "ltr",
  idle: {
    title: "Tal med os",
    text: "Et gratis opkald direkte fra din browser. Du behøver ingen telefon.",
    call: "Ring nu",
    hint: "Din browser beder om adgang til din mikrofon.",
  },
  elsewhere: {
    title: "Du er i et opkald",
    text: "Det fortsætter i en anden fane.",
    call: "Hent opkaldet hertil",
  },
  phases: {
    requesting: "Tillad mikrofonen",
    connecting: "Opretter forbindelse…",
    ringing: "Det ringer…",
    connected: "Forbundet",
    reconnecting: "Genopretter forbindelsen…",
  },
  calling: {
    allow: "Din browser beder om den nu.",
    cancel: "Annuller",
    leaving: "Afslutter opkaldet…",
    held: "På hold",
    mute: "Lydløs",
    unmute: "Lyd til",
    muted: "Mikrofonen er slukket",
    listening: "Du lytter uden mikrofon. Du kan bruge tastaturet.",
    hear: "Tryk for at høre",
    keypad: "Tastatur",
    audio: "Lyd",
    star: "Stjerne",
    hash: "Firkant",
    hangUp: "Læg på",
    duration: "Varighed",
  },
  devices: {
    microphone: "Mikrofon",
    speaker: "Højttaler",
    none: "Der er ikke noget at vælge.",
    failed: "Enheden kunne ikke bruges.",
  },
  warnings: {
    microphone_lost: "Din mikrofon er væk. Tilslut en for at blive hørt.",
    microphone_silent: "Din mikrofon giver ingen lyd. Er den slukket?",
    nothing_heard: "Der kommer ikke noget fra den anden side lige nu.",
    network_weak: "Dit netværk er svagt. Lyden kan falde ud.",
    talking_muted: "Din mikrofon er slået fra.",
  },
  quality: {
    4: "Fremragende forbindelse",
    3: "God forbindelse",
    2: "Svag forbindelse",
    1: "Dårlig forbindelse",
  },
  ended: {
    title: "Opkaldet er slut",
    thanks: "Tak for dit opkald.",
    duration: (time: string) => `Det varede ${time}.`,
    again: "Ring igen",
  },
  survey: {
    title: "Hvordan klarede vi os?",
    lowest: "Dårligt",
    highest: "Fremragende",
    rating: (rating: number) => `${rating} af 5`,
    commentHint: "Valgfrit",
    submit: "Send",
    missing: "Besvar mindst ét spørgsmål.",
  },
  submitted: {
    title: "Tak!",
    text: "Din mening hjælper os med at blive bedre.",
    again: "Begynd forfra",
  },
  error: {
    title: "Opkaldet lykkedes ikke",
    messages: {
      media_failed: "Lydforbindelsen blev afbrudt.",
      microphone_denied:
        "Mikrofonen blev ikke tilladt. Tillad den for denne side i browserens indstillinger, så fortsætter opkaldet af sig selv.",
      microphone_unavailable:
        "Ingen mikrofon kunne bruges. Tilslut en, eller luk andre programmer, der bruger den, og prøv igen.",
      browser_unsupported: "Denne browser kan ikke ringe herfra.",
      signaling_failed: "Opkaldet kunne ikke oprettes. Kontrollér din forbindelse, og prøv igen.",
      destination_busy: "Linjen er optaget. Prøv igen om et øjeblik.",
      destination_unreachable: "Nummeret kan ikke nås lige nu.",
      destination_rejected: "Opkaldet blev ikke besvaret.",
      no_answer: "Ingen tog telefonen. Prøv igen senere.",
      rate_limited: "Der er startet for mange opkald. Vent et minut, og prøv igen.",
      closed: "Vi har lukket lige nu.",
      session_expired: "Siden har været åben for længe. Genindlæs den, og prøv igen.",
      server_shutdown: "Opkaldet blev afsluttet, fordi tjenesten startede igen. Ring igen.",
    },
    reasons: {
      by_page: "Denne side lader ikke opkald bruge mikrofonen. Det kan du ikke ændre her.",
      by_system:
        "Din enhed lader ikke browseren bruge mikrofonen. Tillad den i enhedens privatlivsindstillinger, og prøv igen.",
      blocked:
        "Mikrofonen er blokeret for denne side, af siden selv eller af browserens indstillinger.",
      unanswered: "Din browser bad om mikrofonen og fik intet svar. Prøv igen, og svar »Tillad«.",
      insecure: "Siden er ikke sikker, så din browser lader ingen ringe herfra.",
      in_app: "Denne app kan ikke ringe. Åbn siden i Safari eller Chrome.",
      no_webrtc:
        "Denne browser kan ikke ringe, eller opkald er slået fra i den. Åbn siden i en anden browser.",
      no_devices: "Denne browser kan ikke bruge en mikrofon. Åbn siden i en anden browser.",
    },
    retry: "Prøv igen",
    copyAddress: "Kopiér linket",
    listen: "Ring uden mikrofon",
    listenHint: "Du hører den anden side og kan bruge tastaturet.",
  },
  closed: {
    title: "Vi har lukket lige nu",
    text: "Kom tilbage i vores åbningstid.",
    opens: (moment: string) => `Du kan ringe til os igen fra ${moment}.`,
  },
  refused: {
    title: "Denne opkaldsknap kan ikke vises",
    text: "Den virker kun på en side, der må indlejre den.",
  },
  copied: "Kopieret",
};

export default texts;
