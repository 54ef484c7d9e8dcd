/** Korean. */

import type { FormTexts } from "./index.ts";

const texts: FormTexts = {
  form: {
    title: "통화하기 전에",
    submit: "계속",
    choose: "선택해 주세요",
    changed: "양식이 바뀌었습니다. 다시 확인해 주세요.",
    required: "이 항목을 입력해 주세요.",
    invalid: "올바르지 않은 것 같습니다. 확인해 주세요.",
    short: (chars) => `조금 더 적어 주세요. 최소 글자 수: ${chars}.`,
    long: (chars) => `조금 줄여 주세요. 최대 글자 수: ${chars}.`,
    email: "name@example.com과 같은 이메일 주소를 입력해 주세요.",
    phone: "+1 555 0100과 같은 전화번호를 입력해 주세요.",
    either: "전화번호나 이메일 주소를 알려 주세요.",
  },
  consent: {
    required: "먼저 이 항목에 동의해 주세요.",
  },
  callback: {
    title: "다시 전화드릴까요?",
    text: "번호를 남겨 주시면 연락드리겠습니다.",
    phone: "전화번호",
    email: "이메일 주소",
    time: "언제가 편하세요?",
    submit: "전화 요청하기",
    taken: "감사합니다! 연락드리겠습니다.",
    failed: "보내지 못했습니다. 잠시 후 다시 시도해 주세요.",
  },
};

export default texts;
