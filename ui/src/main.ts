import { mount } from "svelte";
import App from "./App.svelte";
import { provide } from "./backend";
import { tauri } from "./backend/tauri";
import "./styles/tokens.css";
import "./styles/components.css";

provide(tauri);
mount(App, { target: document.getElementById("app")! });
