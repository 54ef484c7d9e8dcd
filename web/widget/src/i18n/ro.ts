/** Romanian. */

import type { Texts } from "./texts.ts";

const texts: Texts = {
  language: "ro",
  direction: "ltr",
  idle: {
    title: "Vorbiți cu noi",
    text: "Un apel gratuit, direct din browser. Fără telefon.",
    call: "Sunați acum",
    hint: "Browserul va cere acces la microfon.",
  },
  elsewhere: {
    title: "Sunteți într-un apel",
    text: "Continuă în altă filă.",
    call: "Aduceți apelul aici",
  },
  phases: {
    requesting: "Permiteți microfonul",
    connecting: "Se conectează…",
    ringing: "Sună…",
    connected: "Conectat",
    reconnecting: "Se reconectează…",
  },
  calling: {
    allow: "Browserul îl cere acum.",
    cancel: "Anulați",
    leaving: "Se încheie apelul…",
    held: "În așteptare",
    mute: "Fără sunet",
    unmute: "Cu sunet",
    muted: "Microfon oprit",
    listening: "Ascultați fără microfon. Puteți folosi tastatura.",
    hear: "Atingeți pentru a auzi",
    keypad: "Taste",
    audio: "Audio",
    star: "Steluță",
    hash: "Diez",
    hangUp: "Închideți",
    duration: "Durată",
  },
  devices: {
    microphone: "Microfon",
    speaker: "Difuzor",
    none: "Nu este nimic de ales.",
    failed: "Acest dispozitiv nu a putut fi folosit.",
  },
  warnings: {
    microphone_lost: "Microfonul a dispărut. Conectați unul ca să fiți auzit.",
    microphone_silent: "Microfonul nu dă niciun sunet. Este oprit?",
    nothing_heard: "Momentan nu vine nimic din partea cealaltă.",
    network_weak: "Rețeaua este slabă. Sunetul se poate întrerupe.",
    talking_muted: "Aveți microfonul dezactivat.",
  },
  quality: {
    4: "Conexiune excelentă",
    3: "Conexiune bună",
    2: "Conexiune slabă",
    1: "Conexiune proastă",
  },
  ended: {
    title: "Apel încheiat",
    thanks: "Vă mulțumim pentru apel.",
    duration: (time: string) => `A durat ${time}.`,
    again: "Sunați din nou",
  },
  survey: {
    title: "Cum ne-am descurcat?",
    lowest: "Slab",
    highest: "Excelent",
    rating: (rating: number) => `${rating} din 5`,
    commentHint: "Opțional",
    submit: "Trimiteți",
    missing: "Răspundeți la cel puțin o întrebare.",
  },
  submitted: {
    title: "Vă mulțumim!",
    text: "Părerea dumneavoastră ne ajută să fim mai buni.",
    again: "Începeți din nou",
  },
  error: {
    title: "Apelul nu a reușit",
    messages: {
      media_failed: "Conexiunea audio s-a pierdut.",
      microphone_denied:
        "Microfonul nu a fost permis. Permiteți-l pentru această pagină în setările browserului: apelul continuă apoi de la sine.",
      microphone_unavailable:
        "Niciun microfon nu a putut fi folosit. Conectați unul sau închideți alte programe care îl folosesc, apoi încercați din nou.",
      browser_unsupported: "Acest browser nu poate efectua apeluri aici.",
      signaling_failed:
        "Apelul nu a putut fi stabilit. Verificați conexiunea, apoi încercați din nou.",
      destination_busy: "Linia este ocupată. Încercați din nou peste puțin timp.",
      destination_unreachable: "Numărul apelat nu poate fi contactat acum.",
      destination_rejected: "Apelul nu a fost acceptat.",
      no_answer: "Nu a răspuns nimeni. Încercați mai târziu.",
      rate_limited:
        "Au fost începute prea multe apeluri. Așteptați un minut, apoi încercați din nou.",
      closed: "Acum este închis.",
      session_expired:
        "Această pagină a stat deschisă prea mult. Reîncărcați-o, apoi încercați din nou.",
      server_shutdown: "Apelul s-a încheiat deoarece serviciul a repornit. Sunați din nou.",
    },
    reasons: {
      by_page:
        "Această pagină nu permite apelurilor să folosească microfonul. Nu puteți schimba asta aici.",
      by_system:
        "Dispozitivul nu permite browserului să folosească microfonul. Permiteți-l în setările de confidențialitate ale dispozitivului, apoi încercați din nou.",
      blocked:
        "Microfonul este blocat pentru această pagină, de pagină sau de setările browserului.",
      unanswered:
        "Browserul a cerut microfonul și nu a primit răspuns. Încercați din nou și răspundeți „Permiteți”.",
      insecure: "Această pagină nu este sigură, de aceea browserul nu permite apeluri de aici.",
      in_app: "Această aplicație nu poate efectua apeluri. Deschideți pagina în Safari sau Chrome.",
      no_webrtc:
        "Acest browser nu poate efectua apeluri sau ele sunt dezactivate. Deschideți pagina în alt browser.",
      no_devices: "Acest browser nu poate folosi un microfon. Deschideți pagina în alt browser.",
    },
    retry: "Încercați din nou",
    copyAddress: "Copiați linkul",
    listen: "Sunați fără microfon",
    listenHint: "Auziți cealaltă parte și puteți folosi tastatura.",
  },
  closed: {
    title: "Acum este închis",
    text: "Reveniți în timpul programului nostru.",
    opens: (moment: string) => `Ne puteți suna din nou de la: ${moment}.`,
  },
  refused: {
    title: "Acest buton de apel nu poate fi afișat",
    text: "Funcționează doar într-o pagină care are voie să îl includă.",
  },
  copied: "Copiat",
};

export default texts;
