/** Hebrew. */

import type { FormTexts } from "./index.ts";

const texts: FormTexts = {
  form: {
    title: "לפני שנדבר",
    submit: "המשך",
    choose: "נא לבחור",
    changed: "הטופס השתנה. נא לעבור עליו שוב.",
    required: "נא למלא את השדה.",
    invalid: "זה לא נראה נכון. נא לבדוק.",
    short: (chars) => `נא לכתוב עוד. מספר התווים המזערי: ${chars}.`,
    long: (chars) => `נא לכתוב פחות. מספר התווים המרבי: ${chars}.`,
    email: "נא לכתוב כתובת דוא״ל כמו name@example.com.",
    phone: "נא לכתוב מספר טלפון כמו ‎+1 555 0100‎.",
    either: "נא למסור מספר טלפון או כתובת דוא״ל.",
  },
  consent: {
    required: "נא לאשר את זה תחילה.",
  },
  callback: {
    title: "שנחזור אליך?",
    text: "אפשר להשאיר מספר, וניצור קשר.",
    phone: "מספר טלפון",
    email: "כתובת דוא״ל",
    time: "מתי נוח לך?",
    submit: "בקשת שיחה חוזרת",
    taken: "תודה! ניצור איתך קשר.",
    failed: "לא היה אפשר לשלוח. כדאי לנסות שוב בעוד רגע.",
  },
};

export default texts;
