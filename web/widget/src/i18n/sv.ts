/** Swedish. */

import type { Texts } from "./texts.ts";

const texts: Texts = {
  language: "sv",
  direction: "ltr",
  idle: {
    title: "Prata med oss",
    text: "Ett gratis samtal, direkt från din webbläsare. Ingen telefon behövs.",
    call: "Ring nu",
    hint: "Webbläsaren frågar efter din mikrofon.",
  },
  elsewhere: {
    title: "Du är i ett samtal",
    text: "Det fortsätter i en annan flik.",
    call: "Ta hit samtalet",
  },
  phases: {
    requesting: "Tillåt mikrofonen",
    connecting: "Ansluter…",
    ringing: "Det ringer…",
    connected: "Ansluten",
    reconnecting: "Återansluter…",
  },
  calling: {
    allow: "Webbläsaren frågar efter den nu.",
    cancel: "Avbryt",
    leaving: "Samtalet avslutas…",
    held: "Parkerat",
    mute: "Tyst",
    unmute: "Ljud på",
    muted: "Mikrofonen är av",
    listening: "Du lyssnar utan mikrofon. Du kan använda knappsatsen.",
    hear: "Tryck för att höra",
    keypad: "Knappsats",
    audio: "Ljud",
    star: "Stjärna",
    hash: "Fyrkant",
    hangUp: "Lägg på",
    duration: "Längd",
  },
  devices: {
    microphone: "Mikrofon",
    speaker: "Högtalare",
    none: "Det finns inget att välja.",
    failed: "Enheten kunde inte användas.",
  },
  warnings: {
    microphone_lost: "Din mikrofon är borta. Anslut en för att höras.",
    microphone_silent: "Din mikrofon ger inget ljud. Är den avstängd?",
    nothing_heard: "Just nu kommer inget från den andra sidan.",
    network_weak: "Ditt nätverk är svagt. Ljudet kan brytas.",
    talking_muted: "Din mikrofon är avstängd.",
  },
  quality: {
    4: "Utmärkt anslutning",
    3: "Bra anslutning",
    2: "Svag anslutning",
    1: "Dålig anslutning",
  },
  ended: {
    title: "Samtalet är slut",
    thanks: "Tack för ditt samtal.",
    duration: (time: string) => `Det varade ${time}.`,
    again: "Ring igen",
  },
  survey: {
    title: "Hur gick det?",
    lowest: "Dåligt",
    highest: "Mycket bra",
    rating: (rating: number) => `${rating} av 5`,
    commentHint: "Frivilligt",
    submit: "Skicka",
    missing: "Svara på minst en fråga.",
  },
  submitted: {
    title: "Tack!",
    text: "Din åsikt hjälper oss att bli bättre.",
    again: "Börja om",
  },
  error: {
    title: "Samtalet fungerade inte",
    messages: {
      media_failed: "Ljudförbindelsen bröts.",
      microphone_denied:
        "Mikrofonen tilläts inte. Tillåt den för den här sidan i webbläsarens inställningar, så fortsätter samtalet av sig självt.",
      microphone_unavailable:
        "Ingen mikrofon kunde användas. Anslut en eller stäng andra program som använder den och försök igen.",
      browser_unsupported: "Den här webbläsaren kan inte ringa härifrån.",
      signaling_failed:
        "Samtalet kunde inte kopplas upp. Kontrollera din anslutning och försök igen.",
      destination_busy: "Det är upptaget. Försök igen om en stund.",
      destination_unreachable: "Numret går inte att nå just nu.",
      destination_rejected: "Samtalet togs inte emot.",
      no_answer: "Ingen svarade. Försök igen senare.",
      rate_limited: "För många samtal har påbörjats. Vänta en minut och försök igen.",
      closed: "Vi har stängt just nu.",
      session_expired: "Sidan har varit öppen för länge. Ladda om den och försök igen.",
      server_shutdown: "Samtalet avslutades eftersom tjänsten startade om. Ring igen.",
    },
    reasons: {
      by_page: "Den här sidan låter inte samtal använda mikrofonen. Det går inte att ändra här.",
      by_system:
        "Din enhet låter inte webbläsaren använda mikrofonen. Tillåt den i enhetens sekretessinställningar och försök igen.",
      blocked:
        "Mikrofonen är blockerad för den här sidan, av sidan själv eller av webbläsarens inställningar.",
      unanswered:
        "Webbläsaren frågade efter mikrofonen och fick inget svar. Försök igen och svara ”Tillåt”.",
      insecure: "Sidan är inte säker, därför låter webbläsaren ingen ringa härifrån.",
      in_app: "Den här appen kan inte ringa. Öppna sidan i Safari eller Chrome.",
      no_webrtc:
        "Den här webbläsaren kan inte ringa, eller så är samtal avstängda i den. Öppna sidan i en annan webbläsare.",
      no_devices:
        "Den här webbläsaren kan inte använda en mikrofon. Öppna sidan i en annan webbläsare.",
    },
    retry: "Försök igen",
    copyAddress: "Kopiera länken",
    listen: "Ring utan mikrofon",
    listenHint: "Du hör den andra sidan och kan använda knappsatsen.",
  },
  closed: {
    title: "Vi har stängt just nu",
    text: "Välkommen tillbaka under våra öppettider.",
    opens: (moment: string) => `Du kan ringa oss igen från ${moment}.`,
  },
  refused: {
    title: "Den här ringknappen kan inte visas",
    text: "Den fungerar bara på en sida som får bädda in den.",
  },
  copied: "Kopierat",
};

export default texts;
