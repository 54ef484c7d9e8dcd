/** Indonesian. */

import type { Texts } from "./texts.ts";

const texts: Texts = {
  language: "id",
  direction: "ltr",
  idle: {
    title: "Bicara dengan kami",
    text: "Panggilan gratis, langsung dari peramban Anda. Tanpa telepon.",
    call: "Telepon sekarang",
    hint: "Peramban akan meminta izin memakai mikrofon Anda.",
  },
  elsewhere: {
    title: "Anda sedang dalam panggilan",
    text: "Panggilan berlanjut di tab lain.",
    call: "Pindahkan panggilan ke sini",
  },
  phases: {
    requesting: "Izinkan mikrofon",
    connecting: "Menghubungkan…",
    ringing: "Berdering…",
    connected: "Tersambung",
    reconnecting: "Menyambung kembali…",
  },
  calling: {
    allow: "Peramban sedang memintanya sekarang.",
    cancel: "Batal",
    leaving: "Mengakhiri panggilan…",
    held: "Ditahan",
    mute: "Bisukan",
    unmute: "Bunyikan",
    muted: "Mikrofon mati",
    listening: "Anda mendengarkan tanpa mikrofon. Papan tombol bisa dipakai.",
    hear: "Ketuk untuk mendengar",
    keypad: "Tombol",
    audio: "Audio",
    star: "Bintang",
    hash: "Pagar",
    hangUp: "Tutup",
    duration: "Durasi",
  },
  devices: {
    microphone: "Mikrofon",
    speaker: "Pengeras suara",
    none: "Tidak ada yang bisa dipilih.",
    failed: "Perangkat ini tidak dapat dipakai.",
  },
  warnings: {
    microphone_lost: "Mikrofon Anda hilang. Sambungkan mikrofon agar terdengar.",
    microphone_silent: "Mikrofon Anda tidak bersuara. Apakah sedang mati?",
    nothing_heard: "Saat ini tidak ada yang masuk dari pihak lain.",
    network_weak: "Jaringan Anda lemah. Suara mungkin terputus-putus.",
    talking_muted: "Mikrofon Anda dibisukan.",
  },
  quality: {
    4: "Sambungan sangat baik",
    3: "Sambungan baik",
    2: "Sambungan lemah",
    1: "Sambungan buruk",
  },
  ended: {
    title: "Panggilan berakhir",
    thanks: "Terima kasih atas panggilan Anda.",
    duration: (time: string) => `Durasinya ${time}.`,
    again: "Telepon lagi",
  },
  survey: {
    title: "Bagaimana layanan kami?",
    lowest: "Buruk",
    highest: "Sangat baik",
    rating: (rating: number) => `${rating} dari 5`,
    commentHint: "Opsional",
    submit: "Kirim",
    missing: "Jawablah setidaknya satu pertanyaan.",
  },
  submitted: {
    title: "Terima kasih!",
    text: "Masukan Anda membantu kami menjadi lebih baik.",
    again: "Mulai lagi",
  },
  error: {
    title: "Panggilan tidak berhasil",
    messages: {
      media_failed: "Sambungan suara terputus.",
      microphone_denied:
        "Mikrofon tidak diizinkan. Izinkan untuk halaman ini di pengaturan peramban: panggilan akan berlanjut sendiri.",
      microphone_unavailable:
        "Tidak ada mikrofon yang dapat dipakai. Sambungkan mikrofon atau tutup program lain yang memakainya, lalu coba lagi.",
      browser_unsupported: "Peramban ini tidak dapat menelepon dari sini.",
      signaling_failed: "Panggilan tidak dapat dibuat. Periksa koneksi Anda, lalu coba lagi.",
      destination_busy: "Saluran sedang sibuk. Coba lagi sebentar lagi.",
      destination_unreachable: "Nomor yang dituju sedang tidak dapat dihubungi.",
      destination_rejected: "Panggilan tidak diterima.",
      no_answer: "Tidak ada yang menjawab. Coba lagi nanti.",
      rate_limited: "Terlalu banyak panggilan dimulai. Tunggu satu menit, lalu coba lagi.",
      closed: "Saat ini kami tutup.",
      session_expired: "Halaman ini terlalu lama terbuka. Muat ulang, lalu coba lagi.",
      server_shutdown: "Panggilan berakhir karena layanan dimulai ulang. Silakan telepon lagi.",
    },
    reasons: {
      by_page:
        "Halaman ini tidak mengizinkan panggilan memakai mikrofon. Anda tidak dapat mengubahnya di sini.",
      by_system:
        "Perangkat Anda tidak mengizinkan peramban memakai mikrofon. Izinkan di pengaturan privasi perangkat, lalu coba lagi.",
      blocked:
        "Mikrofon diblokir untuk halaman ini, oleh halaman itu sendiri atau oleh pengaturan peramban.",
      unanswered:
        "Peramban meminta mikrofon dan tidak mendapat jawaban. Coba lagi dan jawab “Izinkan”.",
      insecure: "Halaman ini tidak aman, sehingga peramban tidak mengizinkan panggilan dari sini.",
      in_app: "Aplikasi ini tidak dapat menelepon. Buka halaman ini di Safari atau Chrome.",
      no_webrtc:
        "Peramban ini tidak dapat menelepon, atau panggilan dinonaktifkan. Buka halaman ini di peramban lain.",
      no_devices: "Peramban ini tidak dapat memakai mikrofon. Buka halaman ini di peramban lain.",
    },
    retry: "Coba lagi",
    copyAddress: "Salin tautan",
    listen: "Telepon tanpa mikrofon",
    listenHint: "Anda mendengar pihak lain dan dapat memakai papan tombol.",
  },
  closed: {
    title: "Saat ini kami tutup",
    text: "Silakan kembali pada jam buka kami.",
    opens: (moment: string) => `Anda dapat menelepon kami lagi mulai ${moment}.`,
  },
  refused: {
    title: "Tombol panggilan ini tidak dapat ditampilkan",
    text: "Tombol ini hanya berfungsi di halaman yang diizinkan menyematkannya.",
  },
  copied: "Tersalin",
};

export default texts;
