import { hydrateRoot } from "react-dom/client";
import { Shop } from "../react/Shop.tsx";

hydrateRoot(document.getElementById("root") as HTMLElement, <Shop />);
