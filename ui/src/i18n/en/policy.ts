// The words of the Policy page.

export const policyWords = {} as const;
