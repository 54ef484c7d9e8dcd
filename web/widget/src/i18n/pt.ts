/** Portuguese. */

import type { Texts } from "./texts.ts";

const texts: Texts = {
  language: "pt",
  direction: "ltr",
  idle: {
    title: "Fale connosco",
    text: "Uma chamada gratuita, diretamente do seu navegador. Sem telefone.",
    call: "Ligar agora",
    hint: "O seu navegador vai pedir acesso ao microfone.",
  },
  elsewhere: {
    title: "Está numa chamada",
    text: "Continua noutro separador.",
    call: "Trazer a chamada para aqui",
  },
  phases: {
    requesting: "Permita o microfone",
    connecting: "A ligar…",
    ringing: "A chamar…",
    connected: "Em chamada",
    reconnecting: "A religar…",
  },
  calling: {
    allow: "O seu navegador pede-o agora.",
    cancel: "Cancelar",
    leaving: "A terminar a chamada…",
    held: "Em espera",
    mute: "Silenciar",
    unmute: "Ativar",
    muted: "Microfone desligado",
    listening: "Está a ouvir sem microfone. Pode usar o teclado.",
    hear: "Toque para ouvir",
    keypad: "Teclado",
    audio: "Áudio",
    star: "Asterisco",
    hash: "Cardinal",
    hangUp: "Desligar",
    duration: "Duração",
  },
  devices: {
    microphone: "Microfone",
    speaker: "Altifalante",
    none: "Não há nada para escolher.",
    failed: "Não foi possível usar este dispositivo.",
  },
  warnings: {
    microphone_lost: "O seu microfone desapareceu. Ligue um para ser ouvido.",
    microphone_silent: "O seu microfone não dá som. Está desligado?",
    nothing_heard: "Neste momento nada chega do outro lado.",
    network_weak: "A sua rede está fraca. O som pode falhar.",
    talking_muted: "Está com o microfone silenciado.",
  },
  quality: {
    4: "Ligação excelente",
    3: "Boa ligação",
    2: "Ligação fraca",
    1: "Má ligação",
  },
  ended: {
    title: "Chamada terminada",
    thanks: "Obrigado pela sua chamada.",
    duration: (time: string) => `Durou ${time}.`,
    again: "Ligar de novo",
  },
  survey: {
    title: "Como nos saímos?",
    lowest: "Mal",
    highest: "Excelente",
    rating: (rating: number) => `${rating} de 5`,
    commentHint: "Opcional",
    submit: "Enviar",
    missing: "Responda a pelo menos uma pergunta.",
  },
  submitted: {
    title: "Obrigado!",
    text: "A sua opinião ajuda-nos a melhorar.",
    again: "Recomeçar",
  },
  error: {
    title: "A chamada não funcionou",
    messages: {
      media_failed: "Perdeu-se a ligação de som.",
      microphone_denied:
        "O microfone não foi permitido. Permita-o para esta página nas definições do navegador: a chamada continua por si.",
      microphone_unavailable:
        "Não foi possível usar nenhum microfone. Ligue um ou feche outros programas que o usem e tente de novo.",
      browser_unsupported: "Este navegador não pode fazer chamadas aqui.",
      signaling_failed:
        "Não foi possível estabelecer a chamada. Verifique a sua ligação e tente de novo.",
      destination_busy: "A linha está ocupada. Tente de novo daqui a pouco.",
      destination_unreachable: "O número chamado não está contactável neste momento.",
      destination_rejected: "A chamada não foi aceite.",
      no_answer: "Ninguém atendeu. Tente mais tarde.",
      rate_limited: "Foram iniciadas demasiadas chamadas. Aguarde um minuto e tente de novo.",
      closed: "De momento estamos fechados.",
      session_expired: "Esta página esteve aberta demasiado tempo. Recarregue-a e tente de novo.",
      server_shutdown: "A chamada terminou porque o serviço reiniciou. Ligue de novo.",
    },
    reasons: {
      by_page: "Esta página não deixa as chamadas usar o microfone. Não pode alterar isso aqui.",
      by_system:
        "O seu dispositivo não deixa o navegador usar o microfone. Permita-o nas definições de privacidade do dispositivo e tente de novo.",
      blocked:
        "O microfone está bloqueado para esta página, pela própria página ou pelas definições do navegador.",
      unanswered:
        "O seu navegador pediu o microfone e não teve resposta. Tente de novo e responda «Permitir».",
      insecure: "Esta página não é segura, por isso o navegador não deixa fazer chamadas aqui.",
      in_app: "Esta aplicação não pode fazer chamadas. Abra esta página no Safari ou no Chrome.",
      no_webrtc:
        "Este navegador não pode fazer chamadas, ou estão desativadas. Abra esta página noutro navegador.",
      no_devices: "Este navegador não pode usar um microfone. Abra esta página noutro navegador.",
    },
    retry: "Tentar de novo",
    copyAddress: "Copiar a ligação",
    listen: "Ligar sem microfone",
    listenHint: "Ouve a outra pessoa e pode usar o teclado.",
  },
  closed: {
    title: "De momento estamos fechados",
    text: "Volte no nosso horário de atendimento.",
    opens: (moment: string) => `Pode voltar a ligar-nos a partir de: ${moment}.`,
  },
  refused: {
    title: "Este botão de chamada não pode ser mostrado",
    text: "Só funciona numa página que o possa incorporar.",
  },
  copied: "Copiado",
};

export default texts;
