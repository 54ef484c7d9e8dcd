/** Norwegian (Bokmål). */

import type { Texts } from "./texts.ts";

const texts: Texts = {
  language: "nb",
  direction: "ltr",
  idle: {
    title: "Snakk med oss",
    text: "En gratis samtale, rett fra nettleseren din. Du trenger ingen telefon.",
    call: "Ring nå",
    hint: "Nettleseren ber om tilgang til mikrofonen din.",
  },
  elsewhere: {
    title: "Du er i en samtale",
    text: "Den fortsetter i en annen fane.",
    call: "Hent samtalen hit",
  },
  phases: {
    requesting: "Tillat mikrofonen",
    connecting: "Kobler til…",
    ringing: "Det ringer…",
    connected: "Tilkoblet",
    reconnecting: "Kobler til på nytt…",
  },
  calling: {
    allow: "Nettleseren ber om den nå.",
    cancel: "Avbryt",
    leaving: "Avslutter samtalen…",
    held: "På vent",
    mute: "Demp",
    unmute: "Lyd på",
    muted: "Mikrofonen er av",
    listening: "Du lytter uten mikrofon. Du kan bruke tastaturet.",
    hear: "Trykk for å høre",
    keypad: "Tastatur",
    audio: "Lyd",
    star: "Stjerne",
    hash: "Firkant",
    hangUp: "Legg på",
    duration: "Varighet",
  },
  devices: {
    microphone: "Mikrofon",
    speaker: "Høyttaler",
    none: "Det er ingenting å velge.",
    failed: "Denne enheten kunne ikke brukes.",
  },
  warnings: {
    microphone_lost: "Mikrofonen din er borte. Koble til en for å bli hørt.",
    microphone_silent: "Mikrofonen din gir ingen lyd. Er den slått av?",
    nothing_heard: "Det kommer ingenting fra den andre siden akkurat nå.",
    network_weak: "Nettverket ditt er svakt. Lyden kan falle ut.",
    talking_muted: "Mikrofonen din er slått av.",
  },
  quality: {
    4: "Utmerket forbindelse",
    3: "God forbindelse",
    2: "Svak forbindelse",
    1: "Dårlig forbindelse",
  },
  ended: {
    title: "Samtalen er avsluttet",
    thanks: "Takk for samtalen.",
    duration: (time: string) => `Den varte i ${time}.`,
    again: "Ring igjen",
  },
  survey: {
    title: "Hvordan gikk det?",
    lowest: "Dårlig",
    highest: "Veldig bra",
    rating: (rating: number) => `${rating} av 5`,
    commentHint: "Valgfritt",
    submit: "Send",
    missing: "Svar på minst ett spørsmål.",
  },
  submitted: {
    title: "Takk!",
    text: "Meningen din hjelper oss å bli bedre.",
    again: "Begynn på nytt",
  },
  error: {
    title: "Samtalen virket ikke",
    messages: {
      media_failed: "Lydforbindelsen ble brutt.",
      microphone_denied:
        "Mikrofonen ble ikke tillatt. Tillat den for denne siden i nettleserens innstillinger, så fortsetter samtalen av seg selv.",
      microphone_unavailable:
        "Ingen mikrofon kunne brukes. Koble til en, eller lukk andre programmer som bruker den, og prøv igjen.",
      browser_unsupported: "Denne nettleseren kan ikke ringe herfra.",
      signaling_failed: "Samtalen kunne ikke settes opp. Sjekk forbindelsen din, og prøv igjen.",
      destination_busy: "Linjen er opptatt. Prøv igjen om et øyeblikk.",
      destination_unreachable: "Nummeret kan ikke nås akkurat nå.",
      destination_rejected: "Samtalen ble ikke tatt imot.",
      no_answer: "Ingen svarte. Prøv igjen senere.",
      rate_limited: "Det er startet for mange samtaler. Vent et minutt, og prøv igjen.",
      closed: "Vi har stengt nå.",
      session_expired: "Siden har vært åpen for lenge. Last den inn på nytt, og prøv igjen.",
      server_shutdown: "Samtalen ble avsluttet fordi tjenesten startet på nytt. Ring igjen.",
    },
    reasons: {
      by_page: "Denne siden lar ikke samtaler bruke mikrofonen. Det kan du ikke endre her.",
      by_system:
        "Enheten din lar ikke nettleseren bruke mikrofonen. Tillat den i enhetens personverninnstillinger, og prøv igjen.",
      blocked:
        "Mikrofonen er blokkert for denne siden, av siden selv eller av nettleserens innstillinger.",
      unanswered: "Nettleseren ba om mikrofonen og fikk ikke svar. Prøv igjen, og svar «Tillat».",
      insecure: "Siden er ikke sikker, derfor lar nettleseren ingen ringe herfra.",
      in_app: "Denne appen kan ikke ringe. Åpne siden i Safari eller Chrome.",
      no_webrtc:
        "Denne nettleseren kan ikke ringe, eller samtaler er slått av i den. Åpne siden i en annen nettleser.",
      no_devices: "Denne nettleseren kan ikke bruke en mikrofon. Åpne siden i en annen nettleser.",
    },
    retry: "Prøv igjen",
    copyAddress: "Kopier lenken",
    listen: "Ring uten mikrofon",
    listenHint: "Du hører den andre siden og kan bruke tastaturet.",
  },
  closed: {
    title: "Vi har stengt nå",
    text: "Kom tilbake i åpningstiden vår.",
    opens: (moment: string) => `Du kan ringe oss igjen fra ${moment}.`,
  },
  refused: {
    title: "Denne ringeknappen kan ikke vises",
    text: "Den virker bare på en side som har lov til å bygge den inn.",
  },
  copied: "Kopiert",
};

export default texts;
