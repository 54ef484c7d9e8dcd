import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Shop } from "./Shop.tsx";

createRoot(document.getElementById("root") as HTMLElement).render(
  <StrictMode>
    <Shop />
  </StrictMode>,
);
