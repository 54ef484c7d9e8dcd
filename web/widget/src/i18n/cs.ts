/** Czech. */

import type { Texts } from "./texts.ts";

const texts: Texts = {
  language: "cs",
  direction: "ltr",
  idle: {
    title: "Promluvte si s námi",
    text: "Bezplatný hovor přímo z prohlížeče. Telefon není potřeba.",
    call: "Zavolat",
    hint: "Prohlížeč vás požádá o přístup k mikrofonu.",
  },
  elsewhere: {
    title: "Právě máte hovor",
    text: "Pokračuje na jiné kartě.",
    call: "Převzít hovor sem",
  },
  phases: {
    requesting: "Povolte mikrofon",
    connecting: "Spojování…",
    ringing: "Vyzvání…",
    connected: "Spojeno",
    reconnecting: "Obnovování spojení…",
  },
  calling: {
    allow: "Prohlížeč se na něj právě ptá.",
    cancel: "Zrušit",
    leaving: "Ukončování hovoru…",
    held: "Podrženo",
    mute: "Ztlumit",
    unmute: "Zapnout",
    muted: "Mikrofon vypnutý",
    listening: "Posloucháte bez mikrofonu. Můžete používat klávesnici.",
    hear: "Klepněte, ať slyšíte",
    keypad: "Klávesy",
    audio: "Zvuk",
    star: "Hvězdička",
    hash: "Křížek",
    hangUp: "Zavěsit",
    duration: "Délka",
  },
  devices: {
    microphone: "Mikrofon",
    speaker: "Reproduktor",
    none: "Není z čeho vybírat.",
    failed: "Toto zařízení se nepodařilo použít.",
  },
  warnings: {
    microphone_lost: "Mikrofon zmizel. Připojte nějaký, aby vás bylo slyšet.",
    microphone_silent: "Mikrofon nedává žádný zvuk. Není vypnutý?",
    nothing_heard: "Z druhé strany teď nic nepřichází.",
    network_weak: "Vaše síť je slabá. Zvuk může vypadávat.",
    talking_muted: "Máte ztlumený mikrofon.",
  },
  quality: {
    4: "Výborné spojení",
    3: "Dobré spojení",
    2: "Slabé spojení",
    1: "Špatné spojení",
  },
  ended: {
    title: "Hovor skončil",
    thanks: "Děkujeme za zavolání.",
    duration: (time: string) => `Trval ${time}.`,
    again: "Zavolat znovu",
  },
  survey: {
    title: "Jak jsme si vedli?",
    lowest: "Špatně",
    highest: "Skvěle",
    rating: (rating: number) => `${rating} z 5`,
    commentHint: "Nepovinné",
    submit: "Odeslat",
    missing: "Odpovězte alespoň na jednu otázku.",
  },
  submitted: {
    title: "Děkujeme!",
    text: "Váš názor nám pomáhá se zlepšovat.",
    again: "Začít znovu",
  },
  error: {
    title: "Hovor se nezdařil",
    messages: {
      media_failed: "Zvukové spojení bylo přerušeno.",
      microphone_denied:
        "Mikrofon nebyl povolen. Povolte ho pro tuto stránku v nastavení prohlížeče: hovor pak začne sám.",
      microphone_unavailable:
        "Nepodařilo se použít žádný mikrofon. Připojte ho nebo zavřete jiné programy, které ho používají, a zkuste to znovu.",
      browser_unsupported: "Z tohoto prohlížeče se zde nedá volat.",
      signaling_failed: "Hovor se nepodařilo navázat. Zkontrolujte připojení a zkuste to znovu.",
      destination_busy: "Linka je obsazená. Zkuste to za chvíli znovu.",
      destination_unreachable: "Volané číslo je teď nedostupné.",
      destination_rejected: "Hovor nebyl přijat.",
      no_answer: "Nikdo to nezvedl. Zkuste to později.",
      rate_limited: "Bylo zahájeno příliš mnoho hovorů. Počkejte minutu a zkuste to znovu.",
      closed: "Teď máme zavřeno.",
      session_expired: "Stránka byla otevřená příliš dlouho. Načtěte ji znovu a zkuste to.",
      server_shutdown: "Hovor skončil, protože se služba restartovala. Zavolejte prosím znovu.",
    },
    reasons: {
      by_page: "Tato stránka nedovoluje hovorům používat mikrofon. Tady to nezměníte.",
      by_system:
        "Vaše zařízení nedovoluje prohlížeči používat mikrofon. Povolte ho v nastavení soukromí zařízení a zkuste to znovu.",
      blocked:
        "Mikrofon je pro tuto stránku blokován, stránkou samotnou nebo nastavením prohlížeče.",
      unanswered:
        "Prohlížeč se zeptal na mikrofon a nedostal odpověď. Zkuste to znovu a odpovězte „Povolit“.",
      insecure: "Stránka není zabezpečená, proto z ní prohlížeč nedovolí volat.",
      in_app: "Tato aplikace neumí volat. Otevřete stránku v Safari nebo Chromu.",
      no_webrtc:
        "Tento prohlížeč neumí volat, nebo jsou v něm hovory vypnuté. Otevřete stránku v jiném prohlížeči.",
      no_devices: "Tento prohlížeč neumí používat mikrofon. Otevřete stránku v jiném prohlížeči.",
    },
    retry: "Zkusit znovu",
    copyAddress: "Kopírovat odkaz",
    listen: "Zavolat bez mikrofonu",
    listenHint: "Slyšíte druhou stranu a můžete používat klávesnici.",
  },
  closed: {
    title: "Teď máme zavřeno",
    text: "Vraťte se prosím v naší otevírací době.",
    opens: (moment: string) => `Znovu nám můžete zavolat od: ${moment}.`,
  },
  refused: {
    title: "Toto tlačítko se nedá zobrazit",
    text: "Funguje jen na stránce, která ho smí vložit.",
  },
  copied: "Zkopírováno",
};

export default texts;
