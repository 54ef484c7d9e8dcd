/** Korean. */

import type { Texts } from "./texts.ts";

const texts: Texts = {
  language: "ko",
  direction: "ltr",
  idle: {
    title: "저희와 통화하세요",
    text: "브라우저에서 바로 무료로 통화할 수 있습니다. 전화기가 필요 없습니다.",
    call: "지금 전화하기",
    hint: "브라우저가 마이크 사용 권한을 요청합니다.",
  },
  elsewhere: {
    title: "통화 중입니다",
    text: "다른 탭에서 계속되고 있습니다.",
    call: "통화를 여기로 가져오기",
  },
  phases: {
    requesting: "마이크를 허용해 주세요",
    connecting: "연결 중…",
    ringing: "전화를 거는 중…",
    connected: "연결됨",
    reconnecting: "다시 연결하는 중…",
  },
  calling: {
    allow: "지금 브라우저가 요청하고 있습니다.",
    cancel: "취소",
    leaving: "통화를 끝내는 중…",
    held: "보류 중",
    mute: "음소거",
    unmute: "음소거 해제",
    muted: "마이크 꺼짐",
    listening: "마이크 없이 듣고 있습니다. 키패드를 사용할 수 있습니다.",
    hear: "눌러서 듣기",
    keypad: "키패드",
    audio: "오디오",
    star: "별표",
    hash: "우물 정자",
    hangUp: "전화 끊기",
    duration: "통화 시간",
  },
  devices: {
    microphone: "마이크",
    speaker: "스피커",
    none: "선택할 수 있는 항목이 없습니다.",
    failed: "이 기기를 사용할 수 없었습니다.",
  },
  warnings: {
    microphone_lost: "마이크가 사라졌습니다. 목소리가 들리도록 마이크를 연결해 주세요.",
    microphone_silent: "마이크에서 소리가 나지 않습니다. 꺼져 있나요?",
    nothing_heard: "지금 상대방에게서 아무것도 오지 않습니다.",
    network_weak: "네트워크가 약합니다. 소리가 끊길 수 있습니다.",
    talking_muted: "음소거 상태입니다.",
  },
  quality: {
    4: "연결 상태 매우 좋음",
    3: "연결 상태 좋음",
    2: "연결 상태 약함",
    1: "연결 상태 나쁨",
  },
  ended: {
    title: "통화가 끝났습니다",
    thanks: "전화해 주셔서 감사합니다.",
    duration: (time: string) => `통화 시간은 ${time}입니다.`,
    again: "다시 전화하기",
  },
  survey: {
    title: "어떠셨나요?",
    lowest: "나쁨",
    highest: "아주 좋음",
    rating: (rating: number) => `5점 중 ${rating}점`,
    commentHint: "선택 사항",
    submit: "보내기",
    missing: "질문에 하나 이상 답해 주세요.",
  },
  submitted: {
    title: "감사합니다!",
    text: "보내 주신 의견은 개선에 도움이 됩니다.",
    again: "처음부터 다시",
  },
  error: {
    title: "통화가 되지 않았습니다",
    messages: {
      media_failed: "소리 연결이 끊어졌습니다.",
      microphone_denied:
        "마이크가 허용되지 않았습니다. 브라우저 설정에서 이 페이지에 허용하면 통화가 자동으로 이어집니다.",
      microphone_unavailable:
        "사용할 수 있는 마이크가 없었습니다. 마이크를 연결하거나 마이크를 쓰는 다른 프로그램을 닫은 뒤 다시 시도해 주세요.",
      browser_unsupported: "이 브라우저로는 여기서 통화할 수 없습니다.",
      signaling_failed: "통화를 연결할 수 없었습니다. 연결을 확인한 뒤 다시 시도해 주세요.",
      destination_busy: "통화 중입니다. 잠시 후 다시 시도해 주세요.",
      destination_unreachable: "지금은 전화를 받을 수 없는 번호입니다.",
      destination_rejected: "통화가 수락되지 않았습니다.",
      no_answer: "아무도 받지 않았습니다. 나중에 다시 시도해 주세요.",
      rate_limited: "통화를 너무 많이 시작했습니다. 1분 뒤에 다시 시도해 주세요.",
      closed: "지금은 운영 시간이 아닙니다.",
      session_expired: "이 페이지를 너무 오래 열어 두었습니다. 새로 고친 뒤 다시 시도해 주세요.",
      server_shutdown: "서비스가 다시 시작되어 통화가 끝났습니다. 다시 전화해 주세요.",
    },
    reasons: {
      by_page: "이 페이지는 통화에서 마이크를 사용하지 못하게 합니다. 여기서는 바꿀 수 없습니다.",
      by_system:
        "기기가 브라우저의 마이크 사용을 막고 있습니다. 기기의 개인정보 보호 설정에서 허용한 뒤 다시 시도해 주세요.",
      blocked: "페이지 자체 또는 브라우저 설정에 의해 이 페이지에서 마이크가 차단되었습니다.",
      unanswered:
        "브라우저가 마이크를 요청했지만 응답을 받지 못했습니다. 다시 시도하고 ‘허용’을 선택해 주세요.",
      insecure: "안전하지 않은 페이지이므로 브라우저가 통화를 허용하지 않습니다.",
      in_app: "이 앱으로는 통화할 수 없습니다. Safari나 Chrome에서 이 페이지를 열어 주세요.",
      no_webrtc:
        "이 브라우저로는 통화할 수 없거나 통화 기능이 꺼져 있습니다. 다른 브라우저에서 이 페이지를 열어 주세요.",
      no_devices:
        "이 브라우저는 마이크를 사용할 수 없습니다. 다른 브라우저에서 이 페이지를 열어 주세요.",
    },
    retry: "다시 시도",
    copyAddress: "링크 복사",
    listen: "마이크 없이 전화하기",
    listenHint: "상대방의 소리를 듣고 키패드를 사용할 수 있습니다.",
  },
  closed: {
    title: "지금은 운영 시간이 아닙니다",
    text: "운영 시간에 다시 방문해 주세요.",
    opens: (moment: string) => `다시 전화하실 수 있는 시간: ${moment}.`,
  },
  refused: {
    title: "이 전화 버튼을 표시할 수 없습니다",
    text: "포함이 허용된 페이지에서만 작동합니다.",
  },
  copied: "복사됨",
};

export default texts;
