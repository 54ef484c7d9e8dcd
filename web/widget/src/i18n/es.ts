/** Spanish. */

import type { Texts } from "./texts.ts";

const texts: Texts = {
  language: "es",
  direction: "ltr",
  idle: {
    title: "Hable con nosotros",
    text: "Una llamada gratuita, directamente desde su navegador. Sin teléfono.",
    call: "Llamar ahora",
    hint: "Su navegador le pedirá permiso para usar el micrófono.",
  },
  elsewhere: {
    title: "Está en una llamada",
    text: "Sigue en otra pestaña.",
    call: "Traer la llamada aquí",
  },
  phases: {
    requesting: "Permita el micrófono",
    connecting: "Conectando…",
    ringing: "Sonando…",
    connected: "Conectado",
    reconnecting: "Reconectando…",
  },
  calling: {
    allow: "Su navegador se lo pide ahora.",
    cancel: "Cancelar",
    leaving: "Finalizando la llamada…",
    held: "En espera",
    mute: "Silenciar",
    unmute: "Activar",
    muted: "Micrófono apagado",
    listening: "Está escuchando sin micrófono. Puede usar el teclado.",
    hear: "Toque para oír",
    keypad: "Teclado",
    audio: "Audio",
    star: "Asterisco",
    hash: "Almohadilla",
    hangUp: "Colgar",
    duration: "Duración",
  },
  devices: {
    microphone: "Micrófono",
    speaker: "Altavoz",
    none: "No hay nada que elegir.",
    failed: "No se ha podido usar este dispositivo.",
  },
  warnings: {
    microphone_lost: "Su micrófono ya no está. Conecte uno para que le oigan.",
    microphone_silent: "Su micrófono no da sonido. ¿Está apagado?",
    nothing_heard: "Ahora mismo no llega nada del otro lado.",
    network_weak: "Su red es débil. El sonido puede cortarse.",
    talking_muted: "Tiene el micrófono silenciado.",
  },
  quality: {
    4: "Conexión excelente",
    3: "Buena conexión",
    2: "Conexión débil",
    1: "Mala conexión",
  },
  ended: {
    title: "Llamada finalizada",
    thanks: "Gracias por su llamada.",
    duration: (time: string) => `Ha durado ${time}.`,
    again: "Llamar otra vez",
  },
  survey: {
    title: "¿Qué tal lo hemos hecho?",
    lowest: "Mal",
    highest: "Excelente",
    rating: (rating: number) => `${rating} de 5`,
    commentHint: "Opcional",
    submit: "Enviar",
    missing: "Responda al menos a una pregunta.",
  },
  submitted: {
    title: "¡Gracias!",
    text: "Su opinión nos ayuda a mejorar.",
    again: "Empezar de nuevo",
  },
  error: {
    title: "La llamada no ha funcionado",
    messages: {
      media_failed: "Se ha perdido la conexión de audio.",
      microphone_denied:
        "No se ha permitido el micrófono. Permítalo para esta página en los ajustes de su navegador: la llamada seguirá por sí sola.",
      microphone_unavailable:
        "No se ha podido usar ningún micrófono. Conecte uno o cierre otros programas que lo usen e inténtelo de nuevo.",
      browser_unsupported: "Este navegador no puede hacer llamadas aquí.",
      signaling_failed:
        "No se ha podido establecer la llamada. Compruebe su conexión e inténtelo de nuevo.",
      destination_busy: "La línea está ocupada. Inténtelo de nuevo en un momento.",
      destination_unreachable: "El número al que llama no está disponible ahora.",
      destination_rejected: "La llamada no ha sido aceptada.",
      no_answer: "Nadie ha contestado. Inténtelo más tarde.",
      rate_limited: "Se han iniciado demasiadas llamadas. Espere un minuto e inténtelo de nuevo.",
      closed: "Ahora estamos cerrados.",
      session_expired:
        "Esta página lleva demasiado tiempo abierta. Recárguela e inténtelo de nuevo.",
      server_shutdown:
        "La llamada se ha cortado porque el servicio se ha reiniciado. Llame otra vez.",
    },
    reasons: {
      by_page: "Esta página no deja que las llamadas usen el micrófono. No puede cambiarlo aquí.",
      by_system:
        "Su dispositivo no deja que el navegador use el micrófono. Permítalo en los ajustes de privacidad del dispositivo e inténtelo de nuevo.",
      blocked:
        "El micrófono está bloqueado para esta página, por la propia página o por los ajustes de su navegador.",
      unanswered:
        "Su navegador ha pedido el micrófono y no ha recibido respuesta. Inténtelo de nuevo y responda «Permitir».",
      insecure: "Esta página no es segura, por eso su navegador no deja llamar desde aquí.",
      in_app: "Esta aplicación no puede hacer llamadas. Abra esta página en Safari o Chrome.",
      no_webrtc:
        "Este navegador no puede hacer llamadas o las tiene desactivadas. Abra esta página en otro navegador.",
      no_devices: "Este navegador no puede usar un micrófono. Abra esta página en otro navegador.",
    },
    retry: "Intentar de nuevo",
    copyAddress: "Copiar el enlace",
    listen: "Llamar sin micrófono",
    listenHint: "Oye a la otra persona y puede usar el teclado.",
  },
  closed: {
    title: "Ahora estamos cerrados",
    text: "Vuelva en nuestro horario de atención.",
    opens: (moment: string) => `Puede volver a llamarnos a partir de: ${moment}.`,
  },
  refused: {
    title: "Este botón de llamada no se puede mostrar",
    text: "Solo funciona en una página que tenga permiso para incluirlo.",
  },
  copied: "Copiado",
};

export default texts;
