/** Turkish. */

import type { FormTexts } from "./index.ts";

const texts: FormTexts = {
  form: {
    title: "Konuşmadan önce",
    submit: "Devam",
    choose: "Lütfen seçin",
    changed: "Bu form değişti. Lütfen yeniden gözden geçirin.",
    required: "Lütfen burayı doldurun.",
    invalid: "Bu doğru görünmüyor. Lütfen kontrol edin.",
    short: (chars) => `Lütfen biraz daha yazın. En az karakter: ${chars}.`,
    long: (chars) => `Lütfen daha kısa yazın. En çok karakter: ${chars}.`,
    email: "ad@example.com gibi bir e-posta adresi yazın.",
    phone: "+1 555 0100 gibi bir telefon numarası yazın.",
    either: "Bize bir telefon numarası veya e-posta adresi verin.",
  },
  consent: {
    required: "Lütfen önce bunu kabul edin.",
  },
  callback: {
    title: "Sizi geri arayalım mı?",
    text: "Numaranızı bırakın, size ulaşalım.",
    phone: "Telefon numarası",
    email: "E-posta adresi",
    time: "Sizin için ne zaman uygun?",
    submit: "Geri arama isteyin",
    taken: "Teşekkürler! Size ulaşacağız.",
    failed: "Gönderilemedi. Lütfen birazdan yeniden deneyin.",
  },
};

export default texts;
