/** Chinese. */

import type { FormTexts } from "./index.ts";

const texts: FormTexts = {
  form: {
    title: "通话之前",
    submit: "继续",
    choose: "请选择",
    changed: "表单已更改，请重新检查。",
    required: "请填写此项。",
    invalid: "此项似乎有误，请检查。",
    short: (chars) => `请多写一些。最少字符数：${chars}。`,
    long: (chars) => `请少写一些。最多字符数：${chars}。`,
    email: "请填写类似 name@example.com 的邮箱地址。",
    phone: "请填写类似 +1 555 0100 的电话号码。",
    either: "请留下电话号码或邮箱地址。",
  },
  consent: {
    required: "请先同意此项。",
  },
  callback: {
    title: "需要我们给您回电吗？",
    text: "请留下您的号码，我们会与您联系。",
    phone: "电话号码",
    email: "邮箱地址",
    time: "您什么时间方便？",
    submit: "请求回电",
    taken: "谢谢！我们会与您联系。",
    failed: "未能发送，请稍后重试。",
  },
};

export default texts;
