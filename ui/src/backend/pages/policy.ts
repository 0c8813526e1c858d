// The Policy page's commands, answered from fixtures.

import type { Answers } from "../fixtures";

const unbuilt = (): never => {
  throw { code: "internal", sentence: "This fixture answers nothing yet." };
};

export const policyAnswers = {
  policy: unbuilt, policy_look: unbuilt, policy_edit: unbuilt, policy_save: unbuilt, policy_apply: unbuilt, policy_keep: () => null as never,
  policy_merge: unbuilt, policy_versions: unbuilt, policy_diff: unbuilt, policy_restore: unbuilt, dry_run: unbuilt,
  prompt_checks: unbuilt, prompt_check_put: unbuilt, prompt_check_delete: unbuilt,
} satisfies Partial<Answers>;
