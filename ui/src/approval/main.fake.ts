// The approval window of `--mode fake`, with fixtures behind it. `?fake=<fixture>`, `?lang=pseudo`.

import { mount } from "svelte";
import Approval from "./Approval.svelte";
import { provide } from "../backend";
import { fake } from "../backend/fake";
import { pseudo } from "../lib/message";
import { speak, words } from "./words";
import "../styles/tokens.css";
import "../styles/components.css";

const query = new URLSearchParams(location.search);
if (query.get("lang") === "pseudo") speak(pseudo(words));
provide(fake(query.get("fake") ?? "approval"));
mount(Approval, { target: document.getElementById("app")! });
