/** Turkish. */

import type { Texts } from "./texts.ts";

const texts: Texts = {
  language: "tr",
  direction: "ltr",
  idle: {
    title: "Bizimle konuşun",
    text: "Doğrudan tarayıcınızdan ücretsiz arama. Telefon gerekmez.",
    call: "Şimdi ara",
    hint: "Tarayıcınız mikrofonunuz için izin isteyecek.",
  },
  elsewhere: {
    title: "Bir görüşmedesiniz",
    text: "Başka bir sekmede sürüyor.",
    call: "Görüşmeyi buraya getir",
  },
  phases: {
    requesting: "Mikrofona izin verin",
    connecting: "Bağlanıyor…",
    ringing: "Çalıyor…",
    connected: "Bağlandı",
    reconnecting: "Yeniden bağlanıyor…",
  },
  calling: {
    allow: "Tarayıcınız şimdi soruyor.",
    cancel: "İptal",
    leaving: "Arama sonlandırılıyor…",
    held: "Beklemede",
    mute: "Sessiz",
    unmute: "Sesi aç",
    muted: "Mikrofon kapalı",
    listening: "Mikrofonsuz dinliyorsunuz. Tuş takımını kullanabilirsiniz.",
    hear: "Duymak için dokunun",
    keypad: "Tuşlar",
    audio: "Ses",
    star: "Yıldız",
    hash: "Kare",
    hangUp: "Kapat",
    duration: "Süre",
  },
  devices: {
    microphone: "Mikrofon",
    speaker: "Hoparlör",
    none: "Seçilecek bir şey yok.",
    failed: "Bu cihaz kullanılamadı.",
  },
  warnings: {
    microphone_lost: "Mikrofonunuz yok oldu. Duyulmak için bir mikrofon bağlayın.",
    microphone_silent: "Mikrofonunuzdan ses gelmiyor. Kapalı mı?",
    nothing_heard: "Şu anda karşı taraftan bir şey gelmiyor.",
    network_weak: "Ağınız zayıf. Ses kesilebilir.",
    talking_muted: "Mikrofonunuz kapalı.",
  },
  quality: {
    4: "Mükemmel bağlantı",
    3: "İyi bağlantı",
    2: "Zayıf bağlantı",
    1: "Kötü bağlantı",
  },
  ended: {
    title: "Arama sona erdi",
    thanks: "Aradığınız için teşekkürler.",
    duration: (time: string) => `Süresi: ${time}.`,
    again: "Tekrar ara",
  },
  survey: {
    title: "Nasıldık?",
    lowest: "Kötü",
    highest: "Harika",
    rating: (rating: number) => `5 üzerinden ${rating}`,
    commentHint: "İsteğe bağlı",
    submit: "Gönder",
    missing: "Lütfen en az bir soruyu yanıtlayın.",
  },
  submitted: {
    title: "Teşekkürler!",
    text: "Görüşleriniz daha iyi olmamıza yardım ediyor.",
    again: "Baştan başla",
  },
  error: {
    title: "Arama yapılamadı",
    messages: {
      media_failed: "Ses bağlantısı koptu.",
      microphone_denied:
        "Mikrofona izin verilmedi. Tarayıcınızın ayarlarında bu sayfa için izin verin: arama kendiliğinden devam eder.",
      microphone_unavailable:
        "Hiçbir mikrofon kullanılamadı. Bir mikrofon bağlayın ya da onu kullanan diğer programları kapatıp yeniden deneyin.",
      browser_unsupported: "Bu tarayıcı buradan arama yapamıyor.",
      signaling_failed: "Arama kurulamadı. Bağlantınızı kontrol edip yeniden deneyin.",
      destination_busy: "Hat meşgul. Lütfen birazdan yeniden deneyin.",
      destination_unreachable: "Aranan numaraya şu anda ulaşılamıyor.",
      destination_rejected: "Arama kabul edilmedi.",
      no_answer: "Kimse yanıtlamadı. Lütfen daha sonra yeniden deneyin.",
      rate_limited: "Çok fazla arama başlatıldı. Lütfen bir dakika bekleyip yeniden deneyin.",
      closed: "Şu anda kapalıyız.",
      session_expired: "Bu sayfa çok uzun süre açık kaldı. Yeniden yükleyip tekrar deneyin.",
      server_shutdown: "Hizmet yeniden başladığı için arama sona erdi. Lütfen tekrar arayın.",
    },
    reasons: {
      by_page:
        "Bu sayfa aramaların mikrofonu kullanmasına izin vermiyor. Bunu buradan değiştiremezsiniz.",
      by_system:
        "Cihazınız tarayıcının mikrofonu kullanmasına izin vermiyor. Cihazın gizlilik ayarlarından izin verip yeniden deneyin.",
      blocked:
        "Mikrofon bu sayfa için sayfanın kendisi ya da tarayıcınızın ayarları tarafından engellenmiş.",
      unanswered:
        "Tarayıcınız mikrofon için izin istedi ve yanıt almadı. Yeniden deneyin ve “İzin ver” deyin.",
      insecure: "Bu sayfa güvenli değil, bu yüzden tarayıcınız buradan aramaya izin vermiyor.",
      in_app: "Bu uygulama arama yapamıyor. Bu sayfayı Safari veya Chrome’da açın.",
      no_webrtc:
        "Bu tarayıcı arama yapamıyor ya da aramalar kapatılmış. Bu sayfayı başka bir tarayıcıda açın.",
      no_devices: "Bu tarayıcı mikrofon kullanamıyor. Bu sayfayı başka bir tarayıcıda açın.",
    },
    retry: "Yeniden dene",
    copyAddress: "Bağlantıyı kopyala",
    listen: "Mikrofonsuz ara",
    listenHint: "Karşı tarafı duyarsınız ve tuş takımını kullanabilirsiniz.",
  },
  closed: {
    title: "Şu anda kapalıyız",
    text: "Lütfen çalışma saatlerimizde yeniden gelin.",
    opens: (moment: string) => `Bizi yeniden arayabileceğiniz zaman: ${moment}.`,
  },
  refused: {
    title: "Bu arama düğmesi gösterilemiyor",
    text: "Yalnızca onu yerleştirmesine izin verilen bir sayfada çalışır.",
  },
  copied: "Kopyalandı",
};

export default texts;
