// The words of the profile switch.

export const profileWords = {
  profile: "Profile",
  "profile.title": "The profile that is laid over routing.yaml",
  "profile.none": "As written",
} as const;
