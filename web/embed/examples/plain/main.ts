import { mount } from "@bellpush/embed";

const call = mount("#call", {
  host: "https://calls.example.com",
  app: "app_…",
  key: "wk_…",
  context: { orderId: "A-12345" },
});

call.on("call_ended", (event) => {
  document.title = `Called for ${event.data.duration} seconds`;
});
