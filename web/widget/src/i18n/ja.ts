/** Japanese. */

import type { Texts } from "./texts.ts";

const texts: Texts = {
  language: "ja",
  direction: "ltr",
  idle: {
    title: "お電話ください",
    text: "ブラウザから直接、無料で通話できます。電話機は不要です。",
    call: "今すぐ電話する",
    hint: "ブラウザがマイクの使用許可を求めます。",
  },
  elsewhere: {
    title: "通話中です",
    text: "別のタブで続いています。",
    call: "通話をここに移す",
  },
  phases: {
    requesting: "マイクを許可してください",
    connecting: "接続中…",
    ringing: "呼び出し中…",
    connected: "通話中",
    reconnecting: "再接続中…",
  },
  calling: {
    allow: "ブラウザが今、許可を求めています。",
    cancel: "キャンセル",
    leaving: "通話を終了しています…",
    held: "保留中",
    mute: "ミュート",
    unmute: "ミュート解除",
    muted: "マイクはオフです",
    listening: "マイクなしで聞いています。キーパッドは使えます。",
    hear: "タップして聞く",
    keypad: "キーパッド",
    audio: "音声",
    star: "アスタリスク",
    hash: "シャープ",
    hangUp: "電話を切る",
    duration: "通話時間",
  },
  devices: {
    microphone: "マイク",
    speaker: "スピーカー",
    none: "選べるものがありません。",
    failed: "この機器は使えませんでした。",
  },
  warnings: {
    microphone_lost: "マイクがなくなりました。声を届けるにはマイクを接続してください。",
    microphone_silent: "マイクから音が出ていません。電源は入っていますか？",
    nothing_heard: "現在、相手側から何も届いていません。",
    network_weak: "ネットワークが不安定です。音声が途切れることがあります。",
    talking_muted: "ミュートになっています。",
  },
  quality: {
    4: "接続は非常に良好です",
    3: "接続は良好です",
    2: "接続が弱いです",
    1: "接続が不良です",
  },
  ended: {
    title: "通話が終了しました",
    thanks: "お電話ありがとうございました。",
    duration: (time: string) => `通話時間は${time}でした。`,
    again: "もう一度電話する",
  },
  survey: {
    title: "いかがでしたか？",
    lowest: "悪い",
    highest: "とても良い",
    rating: (rating: number) => `5段階中${rating}`,
    commentHint: "任意",
    submit: "送信",
    missing: "少なくとも1つの質問にお答えください。",
  },
  submitted: {
    title: "ありがとうございます！",
    text: "ご意見は今後の改善に役立てます。",
    again: "最初に戻る",
  },
  error: {
    title: "通話できませんでした",
    messages: {
      media_failed: "音声の接続が切れました。",
      microphone_denied:
        "マイクが許可されませんでした。ブラウザの設定でこのページに許可すると、通話は自動的に続きます。",
      microphone_unavailable:
        "使えるマイクがありませんでした。マイクを接続するか、使用中の他のプログラムを終了してから、もう一度お試しください。",
      browser_unsupported: "このブラウザではここから通話できません。",
      signaling_failed: "通話を開始できませんでした。接続を確認してから、もう一度お試しください。",
      destination_busy: "話し中です。しばらくしてからもう一度お試しください。",
      destination_unreachable: "おかけになった番号には現在つながりません。",
      destination_rejected: "通話は受け付けられませんでした。",
      no_answer: "応答がありませんでした。後でもう一度お試しください。",
      rate_limited: "通話の開始が多すぎます。1分ほど待ってから、もう一度お試しください。",
      closed: "現在は営業時間外です。",
      session_expired:
        "このページを開いてから時間がたちすぎました。再読み込みしてから、もう一度お試しください。",
      server_shutdown: "サービスが再起動したため、通話が終了しました。もう一度おかけください。",
    },
    reasons: {
      by_page: "このページは通話でのマイクの使用を許可していません。ここでは変更できません。",
      by_system:
        "お使いの端末がブラウザにマイクの使用を許可していません。端末のプライバシー設定で許可してから、もう一度お試しください。",
      blocked: "このページ自体またはブラウザの設定により、マイクがブロックされています。",
      unanswered:
        "ブラウザがマイクの許可を求めましたが、応答がありませんでした。もう一度試し、「許可」を選んでください。",
      insecure: "このページは保護されていないため、ブラウザが通話を許可しません。",
      in_app: "このアプリでは通話できません。SafariまたはChromeでこのページを開いてください。",
      no_webrtc:
        "このブラウザでは通話できないか、通話が無効になっています。別のブラウザでこのページを開いてください。",
      no_devices: "このブラウザではマイクを使えません。別のブラウザでこのページを開いてください。",
    },
    retry: "もう一度試す",
    copyAddress: "リンクをコピー",
    listen: "マイクなしで電話する",
    listenHint: "相手の声を聞き、キーパッドを使うことができます。",
  },
  closed: {
    title: "現在は営業時間外です",
    text: "営業時間内にもう一度お越しください。",
    opens: (moment: string) => `${moment}からお電話いただけます。`,
  },
  refused: {
    title: "この通話ボタンは表示できません",
    text: "埋め込みが許可されたページでのみ使えます。",
  },
  copied: "コピーしました",
};

export default texts;
