import { mount } from "svelte";
import Approval from "./Approval.svelte";
import { provide } from "../backend";
import { tauri } from "../backend/tauri";
import "../styles/tokens.css";
import "../styles/components.css";

provide(tauri);
mount(Approval, { target: document.getElementById("app")! });
