/** Texts of forms, in English: the model for all other languages. */
const en = {
  form: {
    title: "Before we talk",
    submit: "Continue",
    choose: "Please choose",
    changed: "This form has changed. Please look through it again.",
    required: "Please fill this in.",
    invalid: "This can't be right. Please check it.",
    short: (chars: string) => `Please write more. Characters at least: ${chars}.`,
    long: (chars: string) => `Please write less. Characters at most: ${chars}.`,
    email: "Write an e-mail address like name@example.com.",
    phone: "Write a phone number like +1 555 0100.",
    either: "Give us a phone number or an e-mail address.",
  },
  consent: {
    required: "Please accept this first.",
  },
  callback: {
    title: "Shall we call you back?",
    text: "Leave us your number, and we will get in touch.",
    phone: "Phone number",
    email: "E-mail address",
    time: "When does it suit you?",
    submit: "Ask for a call",
    taken: "Thank you! We will get back to you.",
    failed: "This could not be sent. Please try again in a moment.",
  },
};

export default en;
