/** Italian. */

import type { Texts } from "./texts.ts";

const texts: Texts = {
  language: "it",
  direction: "ltr",
  idle: {
    title: "Parli con noi",
    text: "Una chiamata gratuita, direttamente dal browser. Senza telefono.",
    call: "Chiama ora",
    hint: "Il browser chiederà di usare il microfono.",
  },
  elsewhere: {
    title: "È in corso una chiamata",
    text: "Continua in un’altra scheda.",
    call: "Porta qui la chiamata",
  },
  phases: {
    requesting: "Consenta l’uso del microfono",
    connecting: "Connessione…",
    ringing: "Sta squillando…",
    connected: "In linea",
    reconnecting: "Riconnessione…",
  },
  calling: {
    allow: "Il browser lo chiede adesso.",
    cancel: "Annulla",
    leaving: "Chiusura della chiamata…",
    held: "In attesa",
    mute: "Muto",
    unmute: "Riattiva",
    muted: "Microfono spento",
    listening: "Sta ascoltando senza microfono. Può usare la tastiera.",
    hear: "Tocchi per ascoltare",
    keypad: "Tastiera",
    audio: "Audio",
    star: "Asterisco",
    hash: "Cancelletto",
    hangUp: "Riaggancia",
    duration: "Durata",
  },
  devices: {
    microphone: "Microfono",
    speaker: "Altoparlante",
    none: "Non c’è nulla da scegliere.",
    failed: "Non è stato possibile usare questo dispositivo.",
  },
  warnings: {
    microphone_lost: "Il microfono non c’è più. Ne colleghi uno per farsi sentire.",
    microphone_silent: "Il microfono non dà alcun suono. È spento?",
    nothing_heard: "In questo momento non arriva nulla dall’altra parte.",
    network_weak: "La rete è debole. L’audio può interrompersi.",
    talking_muted: "Il suo microfono è disattivato.",
  },
  quality: {
    4: "Connessione eccellente",
    3: "Connessione buona",
    2: "Connessione debole",
    1: "Connessione scarsa",
  },
  ended: {
    title: "Chiamata terminata",
    thanks: "Grazie per la chiamata.",
    duration: (time: string) => `È durata ${time}.`,
    again: "Chiama di nuovo",
  },
  survey: {
    title: "Com’è andata?",
    lowest: "Male",
    highest: "Benissimo",
    rating: (rating: number) => `${rating} su 5`,
    commentHint: "Facoltativo",
    submit: "Invia",
    missing: "Risponda ad almeno una domanda.",
  },
  submitted: {
    title: "Grazie!",
    text: "La sua opinione ci aiuta a migliorare.",
    again: "Ricomincia",
  },
  error: {
    title: "La chiamata non è riuscita",
    messages: {
      media_failed: "La connessione audio è caduta.",
      microphone_denied:
        "Il microfono non è stato consentito. Lo consenta per questa pagina nelle impostazioni del browser: la chiamata proseguirà da sola.",
      microphone_unavailable:
        "Non è stato possibile usare alcun microfono. Ne colleghi uno o chiuda gli altri programmi che lo usano, poi riprovi.",
      browser_unsupported: "Da qui questo browser non può chiamare.",
      signaling_failed:
        "Non è stato possibile stabilire la chiamata. Controlli la connessione, poi riprovi.",
      destination_busy: "La linea è occupata. Riprovi tra poco.",
      destination_unreachable: "Il numero chiamato non è raggiungibile al momento.",
      destination_rejected: "La chiamata non è stata accettata.",
      no_answer: "Nessuno ha risposto. Riprovi più tardi.",
      rate_limited: "Sono state avviate troppe chiamate. Attenda un minuto, poi riprovi.",
      closed: "Al momento siamo chiusi.",
      session_expired: "Questa pagina è rimasta aperta troppo a lungo. La ricarichi, poi riprovi.",
      server_shutdown:
        "La chiamata è stata interrotta da un riavvio del servizio. Chiami di nuovo.",
    },
    reasons: {
      by_page:
        "Questa pagina non permette alle chiamate di usare il microfono. Qui non può cambiarlo.",
      by_system:
        "Il dispositivo non permette al browser di usare il microfono. Lo consenta nelle impostazioni di privacy del dispositivo, poi riprovi.",
      blocked:
        "Il microfono è bloccato per questa pagina, dalla pagina stessa o dalle impostazioni del browser.",
      unanswered:
        "Il browser ha chiesto il microfono e non ha avuto risposta. Riprovi e risponda «Consenti».",
      insecure: "Questa pagina non è sicura, perciò il browser non permette di chiamare da qui.",
      in_app: "Questa app non può chiamare. Apra questa pagina in Safari o Chrome.",
      no_webrtc:
        "Questo browser non può chiamare, oppure le chiamate sono disattivate. Apra questa pagina in un altro browser.",
      no_devices:
        "Questo browser non può usare un microfono. Apra questa pagina in un altro browser.",
    },
    retry: "Riprova",
    copyAddress: "Copia il link",
    listen: "Chiama senza microfono",
    listenHint: "Sente l’altra persona e può usare la tastiera.",
  },
  closed: {
    title: "Al momento siamo chiusi",
    text: "Torni durante i nostri orari di apertura.",
    opens: (moment: string) => `Può chiamarci di nuovo a partire da: ${moment}.`,
  },
  refused: {
    title: "Questo pulsante di chiamata non può essere mostrato",
    text: "Funziona solo in una pagina autorizzata a includerlo.",
  },
  copied: "Copiato",
};

export default texts;
