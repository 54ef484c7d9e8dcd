/** Indonesian. */

import type { FormTexts } from "./index.ts";

const texts: FormTexts = {
  form: {
    title: "Sebelum berbicara",
    submit: "Lanjutkan",
    choose: "Silakan pilih",
    changed: "Formulir ini telah berubah. Mohon periksa kembali.",
    required: "Mohon isi bagian ini.",
    invalid: "Ini tampaknya keliru. Mohon periksa.",
    short: (chars) => `Mohon tulis lebih banyak. Jumlah karakter minimal: ${chars}.`,
    long: (chars) => `Mohon tulis lebih sedikit. Jumlah karakter maksimal: ${chars}.`,
    email: "Tulis alamat email seperti nama@example.com.",
    phone: "Tulis nomor telepon seperti +1 555 0100.",
    either: "Beri kami nomor telepon atau alamat email.",
  },
  consent: {
    required: "Mohon setujui ini lebih dulu.",
  },
  callback: {
    title: "Perlukah kami menelepon Anda kembali?",
    text: "Tinggalkan nomor Anda, dan kami akan menghubungi Anda.",
    phone: "Nomor telepon",
    email: "Alamat email",
    time: "Kapan waktu yang cocok?",
    submit: "Minta ditelepon",
    taken: "Terima kasih! Kami akan menghubungi Anda.",
    failed: "Ini tidak dapat dikirim. Silakan coba beberapa saat lagi.",
  },
};

export default texts;
