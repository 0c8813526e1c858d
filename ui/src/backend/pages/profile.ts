// The profile switch, answered from fixtures.

import type { Answers } from "../fixtures";

export const profileAnswers = {
  profile_set({ name }, state, news) {
    state.status.profile = name;
    queueMicrotask(() => news("policy"));
    return state.status;
  },
} satisfies Partial<Answers>;
