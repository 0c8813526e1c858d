// The states of the profile switch in the header.

import type { State } from "../states";

export const profileStates: State[] = [
  { name: "profile", page: "overview", fixture: "profiled" },
  { name: "profile-long", page: "activity", fixture: "profiledLong" },
];
