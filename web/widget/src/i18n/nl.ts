/** Dutch. */

import type { Texts } from "./texts.ts";

const texts: Texts = {
  language: "nl",
  direction: "ltr",
  idle: {
    title: "Praat met ons",
    text: "Een gratis gesprek, rechtstreeks vanuit uw browser. Zonder telefoon.",
    call: "Nu bellen",
    hint: "Uw browser vraagt om uw microfoon.",
  },
  elsewhere: {
    title: "U bent in gesprek",
    text: "Het gaat door in een ander tabblad.",
    call: "Gesprek hierheen halen",
  },
  phases: {
    requesting: "Sta de microfoon toe",
    connecting: "Verbinden…",
    ringing: "Gaat over…",
    connected: "Verbonden",
    reconnecting: "Opnieuw verbinden…",
  },
  calling: {
    allow: "Uw browser vraagt er nu om.",
    cancel: "Annuleren",
    leaving: "Gesprek wordt beëindigd…",
    held: "In de wacht",
    mute: "Dempen",
    unmute: "Geluid aan",
    muted: "Microfoon uit",
    listening: "U luistert zonder microfoon. U kunt het toetsenblok gebruiken.",
    hear: "Tik om te horen",
    keypad: "Toetsen",
    audio: "Audio",
    star: "Sterretje",
    hash: "Hekje",
    hangUp: "Ophangen",
    duration: "Duur",
  },
  devices: {
    microphone: "Microfoon",
    speaker: "Luidspreker",
    none: "Er valt niets te kiezen.",
    failed: "Dit apparaat kon niet worden gebruikt.",
  },
  warnings: {
    microphone_lost: "Uw microfoon is weg. Sluit er een aan om gehoord te worden.",
    microphone_silent: "Uw microfoon geeft geen geluid. Staat hij uit?",
    nothing_heard: "Er komt nu niets van de andere kant.",
    network_weak: "Uw netwerk is zwak. Het geluid kan wegvallen.",
    talking_muted: "Uw microfoon is gedempt.",
  },
  quality: {
    4: "Uitstekende verbinding",
    3: "Goede verbinding",
    2: "Zwakke verbinding",
    1: "Slechte verbinding",
  },
  ended: {
    title: "Gesprek beëindigd",
    thanks: "Bedankt voor uw telefoontje.",
    duration: (time: string) => `Het duurde ${time}.`,
    again: "Opnieuw bellen",
  },
  survey: {
    title: "Hoe deden we het?",
    lowest: "Slecht",
    highest: "Geweldig",
    rating: (rating: number) => `${rating} van 5`,
    commentHint: "Optioneel",
    submit: "Versturen",
    missing: "Beantwoord minstens één vraag.",
  },
  submitted: {
    title: "Bedankt!",
    text: "Uw mening helpt ons beter te worden.",
    again: "Opnieuw beginnen",
  },
  error: {
    title: "Het gesprek is niet gelukt",
    messages: {
      media_failed: "De geluidsverbinding is weggevallen.",
      microphone_denied:
        "De microfoon is niet toegestaan. Sta hem toe in de instellingen van uw browser voor deze pagina: het gesprek gaat dan vanzelf door.",
      microphone_unavailable:
        "Er kon geen microfoon worden gebruikt. Sluit er een aan of sluit andere programma’s die hem gebruiken en probeer het opnieuw.",
      browser_unsupported: "Met deze browser kunt u hier niet bellen.",
      signaling_failed:
        "Het gesprek kon niet worden opgezet. Controleer uw verbinding en probeer het opnieuw.",
      destination_busy: "De lijn is bezet. Probeer het zo meteen opnieuw.",
      destination_unreachable: "Het gebelde nummer is nu niet bereikbaar.",
      destination_rejected: "Het gesprek is niet aangenomen.",
      no_answer: "Niemand nam op. Probeer het later opnieuw.",
      rate_limited: "Er zijn te veel gesprekken gestart. Wacht een minuut en probeer het opnieuw.",
      closed: "We zijn nu gesloten.",
      session_expired: "Deze pagina stond te lang open. Laad haar opnieuw en probeer het nog eens.",
      server_shutdown:
        "Het gesprek is beëindigd omdat de dienst opnieuw startte. Bel alstublieft opnieuw.",
    },
    reasons: {
      by_page:
        "Deze pagina laat gesprekken de microfoon niet gebruiken. Dat kunt u hier niet veranderen.",
      by_system:
        "Uw apparaat laat de browser de microfoon niet gebruiken. Sta hem toe in de privacy-instellingen van het apparaat en probeer het opnieuw.",
      blocked:
        "De microfoon is voor deze pagina geblokkeerd, door de pagina zelf of door de instellingen van uw browser.",
      unanswered:
        "Uw browser vroeg om de microfoon en kreeg geen antwoord. Probeer het opnieuw en antwoord met ‘Toestaan’.",
      insecure: "Deze pagina is niet veilig, daarom laat uw browser hier niemand bellen.",
      in_app: "Deze app kan niet bellen. Open deze pagina in Safari of Chrome.",
      no_webrtc:
        "Deze browser kan niet bellen, of bellen is erin uitgeschakeld. Open deze pagina in een andere browser.",
      no_devices:
        "Deze browser kan geen microfoon gebruiken. Open deze pagina in een andere browser.",
    },
    retry: "Opnieuw proberen",
    copyAddress: "Link kopiëren",
    listen: "Bellen zonder microfoon",
    listenHint: "U hoort de andere kant en kunt het toetsenblok gebruiken.",
  },
  closed: {
    title: "We zijn nu gesloten",
    text: "Kom terug tijdens onze openingstijden.",
    opens: (moment: string) => `U kunt ons weer bellen vanaf ${moment}.`,
  },
  refused: {
    title: "Deze belknop kan niet worden getoond",
    text: "Hij werkt alleen op een pagina die hem mag insluiten.",
  },
  copied: "Gekopieerd",
};

export default texts;
