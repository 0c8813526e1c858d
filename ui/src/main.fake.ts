// The entry of `--mode fake`: the same window with fixtures behind it. `?fake=<fixture>`, `?lang=pseudo`.

import { mount } from "svelte";
import App from "./App.svelte";
import { provide } from "./backend";
import { fake } from "./backend/fake";
import { en } from "./i18n/en";
import { pseudo, speak } from "./lib/i18n";
import "./styles/tokens.css";
import "./styles/components.css";

const query = new URLSearchParams(location.search);
if (query.get("lang") === "pseudo") speak(pseudo(en), navigator.language);
provide(fake(query.get("fake") ?? "busy"));
mount(App, { target: document.getElementById("app")! });
