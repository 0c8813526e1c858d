// Every state in the large window.

import { looks } from "./looks";

looks("wide");
