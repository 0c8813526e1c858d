// Every state in the smallest window.

import { looks } from "./looks";

looks("small");
