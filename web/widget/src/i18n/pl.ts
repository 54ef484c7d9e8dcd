/** Polish. */

import type { Texts } from "./texts.ts";

const texts: Texts = {
  language: "pl",
  direction: "ltr",
  idle: {
    title: "Porozmawiaj z nami",
    text: "Bezpłatna rozmowa prosto z przeglądarki. Bez telefonu.",
    call: "Zadzwoń teraz",
    hint: "Przeglądarka poprosi o dostęp do mikrofonu.",
  },
  elsewhere: {
    title: "Trwa rozmowa",
    text: "Toczy się w innej karcie.",
    call: "Przenieś rozmowę tutaj",
  },
  phases: {
    requesting: "Zezwól na mikrofon",
    connecting: "Łączenie…",
    ringing: "Dzwoni…",
    connected: "Połączono",
    reconnecting: "Ponowne łączenie…",
  },
  calling: {
    allow: "Przeglądarka pyta o to teraz.",
    cancel: "Anuluj",
    leaving: "Kończenie rozmowy…",
    held: "Wstrzymano",
    mute: "Wycisz",
    unmute: "Odcisz",
    muted: "Mikrofon wyłączony",
    listening: "Słuchasz bez mikrofonu. Możesz używać klawiatury.",
    hear: "Dotknij, aby słyszeć",
    keypad: "Klawiatura",
    audio: "Dźwięk",
    star: "Gwiazdka",
    hash: "Krzyżyk",
    hangUp: "Rozłącz",
    duration: "Czas trwania",
  },
  devices: {
    microphone: "Mikrofon",
    speaker: "Głośnik",
    none: "Nie ma tu nic do wyboru.",
    failed: "Nie udało się użyć tego urządzenia.",
  },
  warnings: {
    microphone_lost: "Mikrofon zniknął. Podłącz mikrofon, aby było Cię słychać.",
    microphone_silent: "Mikrofon nie daje dźwięku. Czy jest wyłączony?",
    nothing_heard: "W tej chwili nic nie dochodzi z drugiej strony.",
    network_weak: "Twoja sieć jest słaba. Dźwięk może się rwać.",
    talking_muted: "Twój mikrofon jest wyciszony.",
  },
  quality: {
    4: "Doskonałe połączenie",
    3: "Dobre połączenie",
    2: "Słabe połączenie",
    1: "Złe połączenie",
  },
  ended: {
    title: "Rozmowa zakończona",
    thanks: "Dziękujemy za telefon.",
    duration: (time: string) => `Trwała ${time}.`,
    again: "Zadzwoń ponownie",
  },
  survey: {
    title: "Jak nam poszło?",
    lowest: "Słabo",
    highest: "Świetnie",
    rating: (rating: number) => `${rating} z 5`,
    commentHint: "Opcjonalnie",
    submit: "Wyślij",
    missing: "Odpowiedz na co najmniej jedno pytanie.",
  },
  submitted: {
    title: "Dziękujemy!",
    text: "Twoja opinia pomaga nam się rozwijać.",
    again: "Zacznij od nowa",
  },
  error: {
    title: "Rozmowa się nie udała",
    messages: {
      media_failed: "Utracono połączenie dźwiękowe.",
      microphone_denied:
        "Nie zezwolono na mikrofon. Zezwól na niego dla tej strony w ustawieniach przeglądarki: rozmowa ruszy wtedy sama.",
      microphone_unavailable:
        "Nie udało się użyć żadnego mikrofonu. Podłącz go lub zamknij inne programy, które go używają, i spróbuj ponownie.",
      browser_unsupported: "Ta przeglądarka nie może tu dzwonić.",
      signaling_failed: "Nie udało się nawiązać rozmowy. Sprawdź połączenie i spróbuj ponownie.",
      destination_busy: "Linia jest zajęta. Spróbuj ponownie za chwilę.",
      destination_unreachable: "Z tym numerem nie można się teraz połączyć.",
      destination_rejected: "Rozmowa nie została przyjęta.",
      no_answer: "Nikt nie odebrał. Spróbuj ponownie później.",
      rate_limited: "Rozpoczęto zbyt wiele rozmów. Odczekaj minutę i spróbuj ponownie.",
      closed: "Teraz jest zamknięte.",
      session_expired: "Ta strona była otwarta zbyt długo. Odśwież ją i spróbuj ponownie.",
      server_shutdown:
        "Rozmowa została przerwana przez ponowne uruchomienie usługi. Zadzwoń ponownie.",
    },
    reasons: {
      by_page: "Ta strona nie pozwala rozmowom używać mikrofonu. Nie możesz tego tutaj zmienić.",
      by_system:
        "Twoje urządzenie nie pozwala przeglądarce używać mikrofonu. Zezwól na to w ustawieniach prywatności urządzenia i spróbuj ponownie.",
      blocked:
        "Mikrofon jest zablokowany dla tej strony: przez samą stronę lub przez ustawienia przeglądarki.",
      unanswered:
        "Przeglądarka zapytała o mikrofon i nie dostała odpowiedzi. Spróbuj ponownie i odpowiedz „Zezwól”.",
      insecure: "Ta strona nie jest bezpieczna, dlatego przeglądarka nie pozwala stąd dzwonić.",
      in_app: "Ta aplikacja nie może dzwonić. Otwórz tę stronę w Safari lub Chrome.",
      no_webrtc:
        "Ta przeglądarka nie może dzwonić lub rozmowy są w niej wyłączone. Otwórz tę stronę w innej przeglądarce.",
      no_devices:
        "Ta przeglądarka nie może używać mikrofonu. Otwórz tę stronę w innej przeglądarce.",
    },
    retry: "Spróbuj ponownie",
    copyAddress: "Skopiuj link",
    listen: "Zadzwoń bez mikrofonu",
    listenHint: "Słyszysz drugą stronę i możesz używać klawiatury.",
  },
  closed: {
    title: "Teraz jest zamknięte",
    text: "Zapraszamy w godzinach otwarcia.",
    opens: (moment: string) => `Możesz do nas znów zadzwonić od: ${moment}.`,
  },
  refused: {
    title: "Nie można pokazać tego przycisku",
    text: "Działa tylko na stronie, która może go osadzać.",
  },
  copied: "Skopiowano",
};

export default texts;
