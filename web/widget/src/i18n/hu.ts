/** Hungarian. */

import type { Texts } from "./texts.ts";

const texts: Texts = {
  language: "hu",
  direction: "ltr",
  idle: {
    title: "Beszéljen velünk",
    text: "Ingyenes hívás, közvetlenül a böngészőjéből. Telefon nem kell hozzá.",
    call: "Hívás most",
    hint: "A böngésző engedélyt kér majd a mikrofonhoz.",
  },
  elsewhere: {
    title: "Éppen hívásban van",
    text: "Egy másik lapon folytatódik.",
    call: "Hívás áthozása ide",
  },
  phases: {
    requesting: "Engedélyezze a mikrofont",
    connecting: "Kapcsolódás…",
    ringing: "Kicseng…",
    connected: "Kapcsolódva",
    reconnecting: "Újrakapcsolódás…",
  },
  calling: {
    allow: "A böngésző most kéri.",
    cancel: "Mégse",
    leaving: "Hívás befejezése…",
    held: "Tartásban",
    mute: "Némítás",
    unmute: "Hang be",
    muted: "Mikrofon kikapcsolva",
    listening: "Mikrofon nélkül hallgatja a hívást. A billentyűzetet használhatja.",
    hear: "Koppintson a hanghoz",
    keypad: "Gombok",
    audio: "Hang",
    star: "Csillag",
    hash: "Kettőskereszt",
    hangUp: "Bontás",
    duration: "Időtartam",
  },
  devices: {
    microphone: "Mikrofon",
    speaker: "Hangszóró",
    none: "Nincs miből választani.",
    failed: "Ezt az eszközt nem sikerült használni.",
  },
  warnings: {
    microphone_lost: "A mikrofon eltűnt. Csatlakoztasson egyet, hogy hallják Önt.",
    microphone_silent: "A mikrofon nem ad hangot. Ki van kapcsolva?",
    nothing_heard: "A másik oldalról most nem érkezik semmi.",
    network_weak: "Gyenge a hálózata. A hang akadozhat.",
    talking_muted: "A mikrofonja némítva van.",
  },
  quality: {
    4: "Kiváló kapcsolat",
    3: "Jó kapcsolat",
    2: "Gyenge kapcsolat",
    1: "Rossz kapcsolat",
  },
  ended: {
    title: "A hívás véget ért",
    thanks: "Köszönjük a hívását.",
    duration: (time: string) => `Időtartama: ${time}.`,
    again: "Újrahívás",
  },
  survey: {
    title: "Elégedett volt velünk?",
    lowest: "Rossz",
    highest: "Kiváló",
    rating: (rating: number) => `${rating} az 5-ből`,
    commentHint: "Nem kötelező",
    submit: "Küldés",
    missing: "Kérjük, legalább egy kérdésre válaszoljon.",
  },
  submitted: {
    title: "Köszönjük!",
    text: "Véleménye segít, hogy jobbak legyünk.",
    again: "Kezdés elölről",
  },
  error: {
    title: "A hívás nem sikerült",
    messages: {
      media_failed: "Megszakadt a hangkapcsolat.",
      microphone_denied:
        "A mikrofon nincs engedélyezve. Engedélyezze ehhez az oldalhoz a böngésző beállításaiban: a hívás ezután magától folytatódik.",
      microphone_unavailable:
        "Nem sikerült mikrofont használni. Csatlakoztasson egyet, vagy zárja be az azt használó programokat, majd próbálja újra.",
      browser_unsupported: "Ezzel a böngészővel innen nem lehet hívást indítani.",
      signaling_failed:
        "A hívást nem sikerült létrehozni. Ellenőrizze a kapcsolatot, majd próbálja újra.",
      destination_busy: "A vonal foglalt. Kérjük, próbálja újra egy pillanat múlva.",
      destination_unreachable: "A hívott szám most nem érhető el.",
      destination_rejected: "A hívást nem fogadták.",
      no_answer: "Senki nem vette fel. Kérjük, próbálja újra később.",
      rate_limited: "Túl sok hívás indult. Várjon egy percet, majd próbálja újra.",
      closed: "Most zárva vagyunk.",
      session_expired: "Ez az oldal túl sokáig volt nyitva. Töltse újra, majd próbálja meg ismét.",
      server_shutdown: "A hívás megszakadt, mert a szolgáltatás újraindult. Kérjük, hívjon újra.",
    },
    reasons: {
      by_page:
        "Ez az oldal nem engedi, hogy a hívások használják a mikrofont. Itt ezen nem tud változtatni.",
      by_system:
        "Az eszköz nem engedi, hogy a böngésző használja a mikrofont. Engedélyezze az eszköz adatvédelmi beállításaiban, majd próbálja újra.",
      blocked:
        "A mikrofon le van tiltva ezen az oldalon: maga az oldal vagy a böngésző beállításai tiltják.",
      unanswered:
        "A böngésző kérte a mikrofont, de nem kapott választ. Próbálja újra, és válassza az „Engedélyezés” lehetőséget.",
      insecure: "Ez az oldal nem biztonságos, ezért a böngésző nem enged innen hívást.",
      in_app:
        "Ez az alkalmazás nem tud hívást indítani. Nyissa meg az oldalt Safariban vagy Chrome-ban.",
      no_webrtc:
        "Ez a böngésző nem tud hívást indítani, vagy a hívások ki vannak kapcsolva benne. Nyissa meg az oldalt másik böngészőben.",
      no_devices:
        "Ez a böngésző nem tud mikrofont használni. Nyissa meg az oldalt másik böngészőben.",
    },
    retry: "Újra",
    copyAddress: "Link másolása",
    listen: "Hívás mikrofon nélkül",
    listenHint: "Hallja a másik felet, és használhatja a billentyűzetet.",
  },
  closed: {
    title: "Most zárva vagyunk",
    text: "Kérjük, térjen vissza nyitvatartási időben.",
    opens: (moment: string) => `Legközelebb ekkortól hívhat minket: ${moment}.`,
  },
  refused: {
    title: "Ez a hívógomb nem jeleníthető meg",
    text: "Csak olyan oldalon működik, amely beágyazhatja.",
  },
  copied: "Másolva",
};

export default texts;
