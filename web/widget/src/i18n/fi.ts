/** Finnish. */

import type { Texts } from "./texts.ts";

const texts: Texts = {
  language: "fi",
  direction: "ltr",
  idle: {
    title: "Puhu kanssamme",
    text: "Maksuton puhelu suoraan selaimestasi. Puhelinta ei tarvita.",
    call: "Soita nyt",
    hint: "Selaimesi pyytää lupaa käyttää mikrofonia.",
  },
  elsewhere: {
    title: "Sinulla on puhelu käynnissä",
    text: "Se jatkuu toisessa välilehdessä.",
    call: "Tuo puhelu tähän",
  },
  phases: {
    requesting: "Salli mikrofoni",
    connecting: "Yhdistetään…",
    ringing: "Soi…",
    connected: "Yhdistetty",
    reconnecting: "Yhdistetään uudelleen…",
  },
  calling: {
    allow: "Selaimesi pyytää lupaa nyt.",
    cancel: "Peruuta",
    leaving: "Puhelua lopetetaan…",
    held: "Pidossa",
    mute: "Mykistä",
    unmute: "Ääni päälle",
    muted: "Mikrofoni pois päältä",
    listening: "Kuuntelet ilman mikrofonia. Voit käyttää näppäimistöä.",
    hear: "Napauta kuullaksesi",
    keypad: "Näppäimet",
    audio: "Ääni",
    star: "Tähti",
    hash: "Ruutu",
    hangUp: "Lopeta",
    duration: "Kesto",
  },
  devices: {
    microphone: "Mikrofoni",
    speaker: "Kaiutin",
    none: "Valittavaa ei ole.",
    failed: "Tätä laitetta ei voitu käyttää.",
  },
  warnings: {
    microphone_lost: "Mikrofonisi on poissa. Liitä mikrofoni, jotta sinut kuullaan.",
    microphone_silent: "Mikrofonistasi ei tule ääntä. Onko se pois päältä?",
    nothing_heard: "Toiselta puolelta ei juuri nyt tule mitään.",
    network_weak: "Verkkosi on heikko. Ääni voi pätkiä.",
    talking_muted: "Mikrofonisi on mykistetty.",
  },
  quality: {
    4: "Erinomainen yhteys",
    3: "Hyvä yhteys",
    2: "Heikko yhteys",
    1: "Huono yhteys",
  },
  ended: {
    title: "Puhelu päättyi",
    thanks: "Kiitos soitostasi.",
    duration: (time: string) => `Se kesti ${time}.`,
    again: "Soita uudelleen",
  },
  survey: {
    title: "Miten onnistuimme?",
    lowest: "Huonosti",
    highest: "Erinomaisesti",
    rating: (rating: number) => `${rating} / 5`,
    commentHint: "Vapaaehtoinen",
    submit: "Lähetä",
    missing: "Vastaa vähintään yhteen kysymykseen.",
  },
  submitted: {
    title: "Kiitos!",
    text: "Palautteesi auttaa meitä kehittymään.",
    again: "Aloita alusta",
  },
  error: {
    title: "Puhelu ei onnistunut",
    messages: {
      media_failed: "Ääniyhteys katkesi.",
      microphone_denied:
        "Mikrofonia ei sallittu. Salli se tälle sivulle selaimesi asetuksissa, niin puhelu jatkuu itsestään.",
      microphone_unavailable:
        "Mitään mikrofonia ei voitu käyttää. Liitä mikrofoni tai sulje muut sitä käyttävät ohjelmat ja yritä uudelleen.",
      browser_unsupported: "Tällä selaimella ei voi soittaa täältä.",
      signaling_failed: "Puhelua ei voitu muodostaa. Tarkista yhteytesi ja yritä uudelleen.",
      destination_busy: "Linja on varattu. Yritä hetken kuluttua uudelleen.",
      destination_unreachable: "Numeroon ei juuri nyt saada yhteyttä.",
      destination_rejected: "Puheluun ei vastattu myöntävästi.",
      no_answer: "Kukaan ei vastannut. Yritä myöhemmin uudelleen.",
      rate_limited: "Liian monta puhelua on aloitettu. Odota minuutti ja yritä uudelleen.",
      closed: "Olemme juuri nyt suljettu.",
      session_expired: "Tämä sivu on ollut auki liian kauan. Lataa se uudelleen ja yritä sitten.",
      server_shutdown: "Puhelu päättyi, koska palvelu käynnistyi uudelleen. Soita uudelleen.",
    },
    reasons: {
      by_page: "Tämä sivu ei salli puheluiden käyttää mikrofonia. Et voi muuttaa sitä täällä.",
      by_system:
        "Laitteesi ei anna selaimen käyttää mikrofonia. Salli se laitteen tietosuoja-asetuksissa ja yritä uudelleen.",
      blocked:
        "Mikrofoni on estetty tältä sivulta joko sivun itsensä tai selaimesi asetusten vuoksi.",
      unanswered:
        "Selaimesi pyysi mikrofonia eikä saanut vastausta. Yritä uudelleen ja vastaa ”Salli”.",
      insecure: "Tämä sivu ei ole suojattu, joten selaimesi ei anna soittaa täältä.",
      in_app: "Tällä sovelluksella ei voi soittaa. Avaa tämä sivu Safarissa tai Chromessa.",
      no_webrtc:
        "Tällä selaimella ei voi soittaa, tai puhelut on poistettu siitä käytöstä. Avaa tämä sivu toisessa selaimessa.",
      no_devices: "Tämä selain ei voi käyttää mikrofonia. Avaa tämä sivu toisessa selaimessa.",
    },
    retry: "Yritä uudelleen",
    copyAddress: "Kopioi linkki",
    listen: "Soita ilman mikrofonia",
    listenHint: "Kuulet toisen osapuolen ja voit käyttää näppäimistöä.",
  },
  closed: {
    title: "Olemme juuri nyt suljettu",
    text: "Palaa aukioloaikoinamme.",
    opens: (moment: string) => `Voit soittaa meille taas: ${moment}.`,
  },
  refused: {
    title: "Tätä soittopainiketta ei voida näyttää",
    text: "Se toimii vain sivulla, joka saa upottaa sen.",
  },
  copied: "Kopioitu",
};

export default texts;
