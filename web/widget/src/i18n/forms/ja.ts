/** Japanese. */

import type { FormTexts } from "./index.ts";

const texts: FormTexts = {
  form: {
    title: "お話しの前に",
    submit: "次へ",
    choose: "選択してください",
    changed: "フォームの内容が変わりました。もう一度ご確認ください。",
    required: "この項目を入力してください。",
    invalid: "入力内容をご確認ください。",
    short: (chars) => `もう少し詳しくお書きください。最小文字数：${chars}`,
    long: (chars) => `もう少し短くお書きください。最大文字数：${chars}`,
    email: "name@example.com のようなメールアドレスを入力してください。",
    phone: "+1 555 0100 のような電話番号を入力してください。",
    either: "電話番号またはメールアドレスを入力してください。",
  },
  consent: {
    required: "先にこちらに同意してください。",
  },
  callback: {
    title: "折り返しお電話しましょうか？",
    text: "番号をお知らせいただければ、ご連絡いたします。",
    phone: "電話番号",
    email: "メールアドレス",
    time: "ご都合のよい時間",
    submit: "折り返しを依頼する",
    taken: "ありがとうございます。こちらからご連絡いたします。",
    failed: "送信できませんでした。しばらくしてからもう一度お試しください。",
  },
};

export default texts;
