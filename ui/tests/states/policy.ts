// The states of the Policy page.

import type { State } from "../states";

export const policyStates: State[] = [];
