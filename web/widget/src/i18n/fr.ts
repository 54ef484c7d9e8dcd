/** French. */

import type { Texts } from "./texts.ts";

const texts: Texts = {
  language: "fr",
  direction: "ltr",
  idle: {
    title: "Parlez-nous",
    text: "Un appel gratuit, directement depuis votre navigateur. Sans téléphone.",
    call: "Appeler maintenant",
    hint: "Votre navigateur demandera l’accès à votre micro.",
  },
  elsewhere: {
    title: "Vous êtes en communication",
    text: "L’appel continue dans un autre onglet.",
    call: "Reprendre l’appel ici",
  },
  phases: {
    requesting: "Autorisez votre micro",
    connecting: "Connexion…",
    ringing: "Ça sonne…",
    connected: "En communication",
    reconnecting: "Reconnexion…",
  },
  calling: {
    allow: "Votre navigateur vous le demande maintenant.",
    cancel: "Annuler",
    leaving: "Fin de l’appel…",
    held: "En attente",
    mute: "Muet",
    unmute: "Réactiver",
    muted: "Micro coupé",
    listening: "Vous écoutez sans micro. Vous pouvez utiliser le clavier.",
    hear: "Touchez pour entendre",
    keypad: "Clavier",
    audio: "Audio",
    star: "Étoile",
    hash: "Dièse",
    hangUp: "Raccrocher",
    duration: "Durée",
  },
  devices: {
    microphone: "Micro",
    speaker: "Haut-parleur",
    none: "Il n’y a rien à choisir.",
    failed: "Cet appareil n’a pas pu être utilisé.",
  },
  warnings: {
    microphone_lost: "Votre micro a disparu. Branchez-en un pour être entendu.",
    microphone_silent: "Votre micro ne donne aucun son. Est-il éteint ?",
    nothing_heard: "Rien n’arrive de l’autre côté pour l’instant.",
    network_weak: "Votre réseau est faible. Le son peut être coupé.",
    talking_muted: "Votre micro est coupé.",
  },
  quality: {
    4: "Excellente connexion",
    3: "Bonne connexion",
    2: "Connexion faible",
    1: "Mauvaise connexion",
  },
  ended: {
    title: "Appel terminé",
    thanks: "Merci de votre appel.",
    duration: (time: string) => `Il a duré ${time}.`,
    again: "Rappeler",
  },
  survey: {
    title: "Comment était-ce ?",
    lowest: "Mauvais",
    highest: "Excellent",
    rating: (rating: number) => `${rating} sur 5`,
    commentHint: "Facultatif",
    submit: "Envoyer",
    missing: "Veuillez répondre à au moins une question.",
  },
  submitted: {
    title: "Merci !",
    text: "Votre avis nous aide à nous améliorer.",
    again: "Recommencer",
  },
  error: {
    title: "L’appel n’a pas fonctionné",
    messages: {
      media_failed: "La connexion audio a été perdue.",
      microphone_denied:
        "Le micro n’a pas été autorisé. Autorisez-le pour cette page dans les réglages de votre navigateur : l’appel continuera tout seul.",
      microphone_unavailable:
        "Aucun micro n’a pu être utilisé. Branchez-en un ou fermez les autres programmes qui s’en servent, puis réessayez.",
      browser_unsupported: "Ce navigateur ne peut pas passer d’appels ici.",
      signaling_failed: "L’appel n’a pas pu être établi. Vérifiez votre connexion, puis réessayez.",
      destination_busy: "La ligne est occupée. Veuillez réessayer dans un instant.",
      destination_unreachable: "Le numéro appelé est injoignable pour l’instant.",
      destination_rejected: "L’appel n’a pas été accepté.",
      no_answer: "Personne n’a répondu. Veuillez réessayer plus tard.",
      rate_limited: "Trop d’appels ont été lancés. Veuillez patienter une minute, puis réessayez.",
      closed: "Nous sommes fermés pour l’instant.",
      session_expired:
        "Cette page est restée ouverte trop longtemps. Rechargez-la, puis réessayez.",
      server_shutdown: "L’appel a été interrompu par un redémarrage du service. Veuillez rappeler.",
    },
    reasons: {
      by_page:
        "Cette page n’autorise pas les appels à utiliser le micro. Vous ne pouvez pas le changer ici.",
      by_system:
        "Votre appareil n’autorise pas le navigateur à utiliser le micro. Autorisez-le dans les réglages de confidentialité de l’appareil, puis réessayez.",
      blocked:
        "Le micro est bloqué pour cette page, par la page elle-même ou par les réglages de votre navigateur.",
      unanswered:
        "Votre navigateur a demandé l’accès au micro et n’a pas eu de réponse. Réessayez et répondez « Autoriser ».",
      insecure: "Cette page n’est pas sécurisée : votre navigateur n’y permet aucun appel.",
      in_app:
        "Cette application ne peut pas passer d’appels. Ouvrez cette page dans Safari ou Chrome.",
      no_webrtc:
        "Ce navigateur ne peut pas passer d’appels, ou ils y sont désactivés. Ouvrez cette page dans un autre navigateur.",
      no_devices:
        "Ce navigateur ne peut pas utiliser de micro. Ouvrez cette page dans un autre navigateur.",
    },
    retry: "Réessayer",
    copyAddress: "Copier le lien",
    listen: "Appeler sans micro",
    listenHint: "Vous entendez votre interlocuteur et pouvez utiliser le clavier.",
  },
  closed: {
    title: "Nous sommes fermés pour l’instant",
    text: "Revenez pendant nos heures d’ouverture.",
    opens: (moment: string) => `Vous pourrez nous appeler à partir de ${moment}.`,
  },
  refused: {
    title: "Ce bouton d’appel ne peut pas être affiché",
    text: "Il ne fonctionne que dans une page autorisée à l’intégrer.",
  },
  copied: "Copié",
};

export default texts;
