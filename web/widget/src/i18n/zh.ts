/** Chinese (simplified). */

import type { Texts } from "./texts.ts";

const texts: Texts = {
  language: "zh",
  direction: "ltr",
  idle: {
    title: "与我们通话",
    text: "直接通过浏览器免费通话，无需电话。",
    call: "立即呼叫",
    hint: "浏览器会请求使用您的麦克风。",
  },
  elsewhere: {
    title: "您正在通话中",
    text: "通话正在另一个标签页中继续。",
    call: "将通话转到这里",
  },
  phases: {
    requesting: "请允许使用麦克风",
    connecting: "正在连接…",
    ringing: "正在呼叫…",
    connected: "已接通",
    reconnecting: "正在重新连接…",
  },
  calling: {
    allow: "浏览器正在请求许可。",
    cancel: "取消",
    leaving: "正在结束通话…",
    held: "通话保持中",
    mute: "静音",
    unmute: "取消静音",
    muted: "麦克风已关闭",
    listening: "您正在不用麦克风收听。可以使用拨号键盘。",
    hear: "轻触收听",
    keypad: "拨号键盘",
    audio: "音频",
    star: "星号键",
    hash: "井号键",
    hangUp: "挂断",
    duration: "时长",
  },
  devices: {
    microphone: "麦克风",
    speaker: "扬声器",
    none: "没有可供选择的项目。",
    failed: "无法使用此设备。",
  },
  warnings: {
    microphone_lost: "您的麦克风已断开。请连接麦克风，以便对方听到您。",
    microphone_silent: "您的麦克风没有声音。是否已关闭？",
    nothing_heard: "目前没有收到对方的声音。",
    network_weak: "您的网络较弱，声音可能会中断。",
    talking_muted: "您已静音。",
  },
  quality: {
    4: "连接极佳",
    3: "连接良好",
    2: "连接较弱",
    1: "连接很差",
  },
  ended: {
    title: "通话已结束",
    thanks: "感谢您的来电。",
    duration: (time: string) => `通话时长：${time}。`,
    again: "再次呼叫",
  },
  survey: {
    title: "您觉得我们做得如何？",
    lowest: "很差",
    highest: "很好",
    rating: (rating: number) => `${rating} 分（满分 5 分）`,
    commentHint: "选填",
    submit: "提交",
    missing: "请至少回答一个问题。",
  },
  submitted: {
    title: "谢谢！",
    text: "您的反馈有助于我们改进。",
    again: "重新开始",
  },
  error: {
    title: "通话未成功",
    messages: {
      media_failed: "声音连接已中断。",
      microphone_denied:
        "未获准使用麦克风。请在浏览器设置中允许此页面使用麦克风，通话随后会自动继续。",
      microphone_unavailable:
        "没有可用的麦克风。请连接麦克风，或关闭正在使用它的其他程序，然后重试。",
      browser_unsupported: "此浏览器无法在这里通话。",
      signaling_failed: "无法建立通话。请检查网络连接，然后重试。",
      destination_busy: "线路繁忙，请稍后再试。",
      destination_unreachable: "目前无法接通所呼叫的号码。",
      destination_rejected: "通话未被接受。",
      no_answer: "无人接听，请稍后再试。",
      rate_limited: "发起的通话过多。请等待一分钟后重试。",
      closed: "我们目前不在服务时间。",
      session_expired: "此页面打开时间过长。请重新加载后重试。",
      server_shutdown: "由于服务重新启动，通话已结束。请再次呼叫。",
    },
    reasons: {
      by_page: "此页面不允许通话使用麦克风。您无法在这里更改。",
      by_system: "您的设备不允许浏览器使用麦克风。请在设备的隐私设置中允许，然后重试。",
      blocked: "此页面的麦克风已被页面本身或浏览器设置阻止。",
      unanswered: "浏览器请求了麦克风但未得到答复。请重试并选择“允许”。",
      insecure: "此页面不安全，因此浏览器不允许在此通话。",
      in_app: "此应用无法通话。请在 Safari 或 Chrome 中打开此页面。",
      no_webrtc: "此浏览器无法通话，或通话功能已关闭。请在其他浏览器中打开此页面。",
      no_devices: "此浏览器无法使用麦克风。请在其他浏览器中打开此页面。",
    },
    retry: "重试",
    copyAddress: "复制链接",
    listen: "不用麦克风呼叫",
    listenHint: "您可以听到对方，并可使用拨号键盘。",
  },
  closed: {
    title: "我们目前不在服务时间",
    text: "请在我们的服务时间再来。",
    opens: (moment: string) => `您可以从 ${moment} 起再次呼叫我们。`,
  },
  refused: {
    title: "无法显示此呼叫按钮",
    text: "它只能在允许嵌入它的页面中使用。",
  },
  copied: "已复制",
};

export default texts;
